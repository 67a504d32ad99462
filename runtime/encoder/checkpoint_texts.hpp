/// What the texts of a model folder say about labels and lengths, whatever the architecture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace tessera {

/// Names of the labels 0 .. count - 1, as `id2label` of config.json has them; without it "LABEL_0",
/// "LABEL_1",
/// ... Throws Error kCorruptData naming the key: an entry that is missing, a key that is no number.
std::vector<std::string> read_labels(std::string_view config_text, int64_t count);

/// What turns the logits of a classifier into scores.
enum class FunctionToApply { kSoftmax, kSigmoid, kNone };

/// As Hugging Face's pipeline chooses: `problem_type` "regression" none; "multi_label_classification" or one
/// label sigmoid; else softmax. Throws Error kCorruptData for another problem_type.
FunctionToApply read_function_to_apply(std::string_view config_text, int64_t labels);

/// `model_max_length` of tokenizer_config.json in tokens; INT64_MAX when it is absent or the huge number that
/// stands for "none".
int64_t read_model_max_length(const Checkpoint& checkpoint);

/// The text of a special token ("mask_token") in tokenizer_config.json, else in special_tokens_map.json;
/// empty: neither has it.
std::string read_special_token(const Checkpoint& checkpoint, std::string_view name);

}  // namespace tessera
