/// What stands on top of the encoder, by task.
#pragma once

#include <string>
#include <string_view>

#include "models/bert/bert.hpp"
#include "models/blocks/model_builder.hpp"
#include "tessera/sdk/host.hpp"

namespace tessera::bert {

struct HeadContext {
  const std::string& prefix;  ///< of the base model's modules; heads have none
  const sdk::Host& host;      ///< hears of a stored decoder that config.json ties
};

/// Adds the task's head on `hidden` float [batch, seq, hidden_size] and its outputs. Tensors of the pooler
/// and of heads that the task does not use are ignored, as Hugging Face does.
void add_head(blocks::ModelBuilder& b, const BertConfig& c, Task task, const graph::Value& hidden,
              const HeadContext& context);

/// The name in tessera.task: "masked-lm".
std::string_view task_name(Task task);

}  // namespace tessera::bert
