#include "models/blocks/decoder_task.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace tessera::blocks {
namespace {

constexpr std::string_view kRemedy = "one of: causal-lm, sequence-classification";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

void refuse_quantized(const Config& config) {
  const std::optional<Config> quantization = config.section("quantization_config");
  if (!quantization) return;
  throw config
      .error(ErrorCode::kNotSupported, "quantization_config",
             fmt::format("says that the weights are quantized ('{}'), which is not implemented",
                         quantization->text("quant_method", "unknown method")))
      .remedy("take a checkpoint with float32, float16 or bfloat16 weights");
}

DecoderTask task_of_class(const Config& config) {
  const std::vector<std::string> classes = config.texts("architectures");
  if (classes.empty()) return DecoderTask::kCausalLm;
  if (ends_with(classes[0], "ForSequenceClassification")) return DecoderTask::kSequenceClassification;
  if (ends_with(classes[0], "ForCausalLM") || ends_with(classes[0], "Model")) return DecoderTask::kCausalLm;
  throw config
      .error(ErrorCode::kNotSupported, "architectures",
             fmt::format("is '{}', which is not implemented", classes[0]))
      .remedy(fmt::format("give the task that the checkpoint is for, {}", kRemedy));
}

}  // namespace

DecoderTask read_decoder_task(const Config& config, std::string_view task) {
  refuse_quantized(config);
  if (task.empty()) return task_of_class(config);
  for (const DecoderTask known : {DecoderTask::kCausalLm, DecoderTask::kSequenceClassification}) {
    if (task == task_name(known)) return known;
  }
  throw Error(ErrorCode::kNotSupported,
              fmt::format("task '{}' is not implemented for this architecture", task))
      .key("task")
      .remedy(std::string(kRemedy));
}

std::string_view task_name(DecoderTask task) {
  return task == DecoderTask::kCausalLm ? "causal-lm" : "sequence-classification";
}

}  // namespace tessera::blocks
