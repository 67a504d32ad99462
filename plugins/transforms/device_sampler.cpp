#include "device_sampler.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "sampler_buffers.hpp"
#include "sampler_draw.hpp"
#include "sampler_writer.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "value_names.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::fixed_dim;
using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr const char* kDeviceSampler = "device-sampler";
constexpr const char* kHeadOutput = "logits";
constexpr int64_t kMostCandidates = 1 << 16;

Error refusal(ErrorCode code, std::string message, std::string key, std::string remedy) {
  return Error(code, "device-sampler: " + std::move(message)).key(std::move(key)).remedy(std::move(remedy));
}

const ValueInfo& find_logits(const Model& model) {
  constexpr const char* kOrder = "list 'device-sampler' once, after 'qaic-kv-cache' and 'select-logits'";
  if (!graph::has_output(model.graph, kHeadOutput))
    throw refusal(ErrorCode::kInvalidArgument, "the graph has no output 'logits'", kHeadOutput, kOrder);
  if (!graph::has_input(model.graph, "past_key.0"))
    throw refusal(ErrorCode::kInvalidArgument, "the graph has no retained state", kHeadOutput, kOrder);
  if (graph::has_input(model.graph, "num_logits_to_keep"))
    throw refusal(ErrorCode::kNotSupported, "a speculative target gives logits, which its host compares",
                  "num_logits_to_keep", "sample on the device, or speculate");
  const ValueInfo& logits = *graph::find_value(model.graph, kHeadOutput);
  if (logits.has_shape && logits.shape.size() == 3 && logits.shape[1].value == 1 &&
      logits.shape[2].value > 0 && logits.dtype == DataType::kFloat)
    return logits;
  throw refusal(ErrorCode::kInvalidArgument, "'logits' is not declared as float [batch, 1, vocab]",
                kHeadOutput, "run 'select-logits' in mode 'last' before 'device-sampler'");
}

void check_candidates(int64_t candidates, int64_t vocab) {
  const int64_t most = std::min(vocab, kMostCandidates);
  if (candidates >= 1 && candidates <= most) return;
  throw refusal(ErrorCode::kInvalidArgument,
                "max-top-k-ids is " + std::to_string(candidates) + ", the vocabulary has " +
                    std::to_string(vocab) + " tokens",
                "max-top-k-ids", "choose 1 to " + std::to_string(most));
}

SamplerShapes read_shapes(const Model& model, const sdk::Options& options) {
  const ValueInfo& logits = find_logits(model);
  const ValueInfo* ids = graph::find_value(model.graph, sampler::kInputIds);
  if (ids == nullptr || ids->shape.size() != 2)
    throw refusal(ErrorCode::kInvalidArgument, "'input_ids' is not declared as [batch, seq]",
                  sampler::kInputIds, "declare it so");
  SamplerShapes shapes;
  shapes.batch = ids->shape[0];
  shapes.seq = ids->shape[1];
  shapes.vocab = logits.shape[2].value;
  shapes.candidates = options.integer("max-top-k-ids");
  shapes.bitmask = options.flag("guided-decoding");
  shapes.slots = graph::has_input(model.graph, kBatchIndex);
  shapes.buffer_rows = shapes.slots ? graph::symbolic_dim("slots") : shapes.batch;
  check_candidates(shapes.candidates, shapes.vocab);
  return shapes;
}

void add_inputs(Model& model, const SamplerShapes& s) {
  const auto add = [&](const char* name, DataType dtype, Shape shape) {
    model.graph.inputs.push_back(graph::tensor_value(name, dtype, std::move(shape)));
  };
  add(sampler::kAcceptedTokens, DataType::kInt64, s.tokens());
  add(sampler::kRepetitionBuffer, DataType::kBool, s.buffer());
  add(sampler::kRepetitionPenalties, DataType::kFloat, s.column());
  add(sampler::kPresenceBuffer, DataType::kBool, s.buffer());
  add(sampler::kPresencePenalties, DataType::kFloat, s.column());
  add(sampler::kTemperatures, DataType::kFloat, s.column());
  add(sampler::kTopKs, DataType::kInt32, s.column());
  add(sampler::kTopPs, DataType::kFloat, s.column());
  add(sampler::kMinPs, DataType::kFloat, s.column());
  add(sampler::kRandomNumbers, DataType::kFloat, s.candidate_row());
  if (s.bitmask) add(sampler::kBitmasks, DataType::kBool, s.vocabulary());
}

/// Logits are a value within the graph now; next_tokens stands in their place.
void change_outputs(Model& model, const SamplerShapes& s) {
  for (ValueInfo& output : model.graph.outputs) {
    if (output.name != kHeadOutput) continue;
    model.graph.value_info.push_back(output);
    output =
        graph::tensor_value(sampler::kNextTokens, DataType::kInt64, {s.batch, fixed_dim(1), fixed_dim(1)});
  }
  for (const char* buffer : {sampler::kRepetitionBuffer, sampler::kPresenceBuffer})
    model.graph.outputs.push_back(
        graph::tensor_value(std::string(buffer) + "_RetainedState", DataType::kBool, s.buffer()));
}

}  // namespace

std::vector<sdk::OptionInfo> DeviceSampler::options() const {
  return {{"max-top-k-ids", sdk::ValueType::kInt64, "512", "candidates that a token is drawn from, at most"},
          {"guided-decoding", sdk::ValueType::kBool, "false",
           "an input token_bitmasks says which tokens are allowed"},
          {"return-pdfs", sdk::ValueType::kBool, "false", "not built yet: refused"}};
}

bool DeviceSampler::apply(Model& model, const sdk::TransformArgs& args) const {
  if (args.options.flag("return-pdfs"))
    throw refusal(ErrorCode::kNotSupported, "probabilities as an output are not built yet", "return-pdfs",
                  "leave return-pdfs out");
  const SamplerShapes shapes = read_shapes(model, args.options);
  const size_t head = graph::ValueIndex(model.graph).producer(kHeadOutput);
  if (head == graph::ValueIndex::kNone)
    throw refusal(ErrorCode::kInvalidArgument, "no node makes 'logits'", kHeadOutput,
                  "give the graph a head");
  graph::FreshNames names(model.graph);
  SamplerWriter writer(model, names, "sampler",
                       with_pass(model.graph.nodes[head].doc_string, kDeviceSampler));
  add_inputs(model, shapes);
  change_outputs(model, shapes);
  const SeenTokens seen = write_buffers(writer, shapes);
  write_draw(writer, shapes, kHeadOutput, seen);
  std::vector<Node> made = writer.take();
  model.graph.nodes.insert(model.graph.nodes.end(), std::make_move_iterator(made.begin()),
                           std::make_move_iterator(made.end()));
  return true;
}

}  // namespace tessera::transforms
