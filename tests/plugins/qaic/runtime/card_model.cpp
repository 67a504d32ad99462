#include "tests/plugins/qaic/runtime/card_model.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "core/plugin/host_table.hpp"
#include "plugins/qaic/files/compile_command.hpp"
#include "plugins/qaic/files/custom_io.hpp"
#include "plugins/qaic/files/graph_passes.hpp"
#include "plugins/qaic/files/partitions.hpp"
#include "plugins/qaic/files/specializations.hpp"
#include "plugins/qaic/standin/compile/compile.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/export.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

LoadedModel& loaded_model(const std::string& name) {
  static std::map<std::string, std::unique_ptr<LoadedModel>> loaded;
  std::unique_ptr<LoadedModel>& model = loaded[name];
  if (!model)
    model =
        std::make_unique<LoadedModel>(variable("TESSERA_TEST_DATA") + "/data/models/" + name, LoadOptions{});
  return *model;
}

/// Tensors in the C form, which a call borrows.
class Tensors {
 public:
  void add(std::string_view name, graph::DataType dtype, std::vector<int64_t> dims, void* data,
           uint64_t bytes) {
    Entry& entry = *entries_.emplace_back(std::make_unique<Entry>());
    entry.dims = std::move(dims);
    entry.tensor.struct_size = sizeof entry.tensor;
    entry.tensor.dtype = static_cast<int32_t>(dtype);
    entry.tensor.name = sdk::borrow(name);
    entry.tensor.dims = entry.dims.data();
    entry.tensor.rank = entry.dims.size();
    entry.tensor.data = data;
    entry.tensor.bytes = bytes;
    pointers_.push_back(&entry.tensor);
  }
  void add(std::string_view name, std::vector<int64_t>& values, std::vector<int64_t> dims) {
    add(name, graph::DataType::kInt64, std::move(dims), values.data(), values.size() * sizeof(int64_t));
  }
  void add(std::string_view name, std::vector<float>& values, std::vector<int64_t> dims) {
    add(name, graph::DataType::kFloat, std::move(dims), values.data(), values.size() * sizeof(float));
  }
  tsr_tensor* const* data() { return pointers_.data(); }
  uint64_t size() const { return pointers_.size(); }

 private:
  struct Entry {
    std::vector<int64_t> dims;
    tsr_tensor tensor{};
  };
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<tsr_tensor*> pointers_;
};

void run_tensors(sdk::Session& session, Tensors& inputs, Tensors& outputs) {
  tsr_run_args args{};
  args.struct_size = sizeof args;
  args.inputs = inputs.data();
  args.input_count = inputs.size();
  args.outputs = outputs.data();
  args.output_count = outputs.size();
  session.run(sdk::RunArgs(args));
}

}  // namespace

std::string standin_sdk() {
  return variable("TESSERA_QAIC_STANDIN");
}

std::string golden_text(const std::string& path) {
  std::ifstream file(variable("TESSERA_TEST_DATA") + "/golden/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

CardModel::CardModel(const CardBuild& build) {
  LoadedModel& model = loaded_model(build.model);
  const bool encoder = !build.encoder_lengths.empty();
  CompileOptions options;
  const std::vector<GraphPass> passes =
      encoder ? encoder_passes({.pooling = build.pooling})
              : decoder_passes({.continuous_batching = build.shapes.continuous_batching(),
                                .speculative_target = build.shapes.speculative_target,
                                .ccl = build.shapes.ccl_enabled,
                                // The compiler for ai100 takes no bfloat16.
                                .weights = build.fp16 ? WeightType::kFloat16 : WeightType::kFloat32});
  for (const GraphPass& pass : passes) options.passes.push_back({pass.id, pass.options});
  const std::string folder = (folder_ / "model").string();
  export_model_folder(model, folder, false, options);

  const auto entries = encoder
                           ? encoder_specializations("Embedding", build.encoder_batch, build.encoder_lengths)
                           : decoder_specializations(build.shapes);
  CompileCommand command;
  command.model = folder + "/model.onnx";
  command.retained_state = !encoder;
  command.fp16 = build.fp16;
  command.mxfp6_matmul = build.mxfp6;
  command.num_cores = build.cores;
  command.specializations = folder_.write("specializations.json", specializations_json(entries)).string();
  command.binary_dir = (folder_ / "qpc").string();
  if (build.fp16 && !encoder) {
    const graph::Model graph = graph::read_model(run_passes(model, options.passes, options));
    command.custom_io =
        folder_
            .write("custom_io.yaml",
                   custom_io_yaml(graph.graph, build.mxint8 ? StateType::kMxint8 : StateType::kFloat16))
            .string();
  }
  if (build.devices > 1) {
    const PartitionFile file = tensor_slicing(build.devices, build.cores);
    command.partitions = folder_.write(file.name, file.text).string();
    command.tensor_slicing = true;
  }
  std::vector<std::string> arguments = compile_arguments(command);
  arguments.erase(arguments.begin());
  standin::compile(standin::parse_command_line(arguments), [](const std::string&) {});
}

sdk::Host test_host() {
  static plugin::HostTable& table = *new plugin::HostTable(std::make_shared<plugin::HostFacts>(), "test");
  return sdk::Host(table.c());
}

std::unique_ptr<CardProgram> CardModel::program(RunSettings settings) const {
  if (settings.library.library.empty()) settings.library.sdk = standin_sdk();
  return std::make_unique<CardProgram>(qpc(), std::move(settings), test_host());
}

CardDecoder::CardDecoder(CardProgram& program, uint32_t slots, int64_t vocab)
    : session_(program.create_session({slots, static_cast<uint64_t>(program.shapes().ctx_len()), 1, {}})),
      vocab_(vocab) {}

std::vector<std::vector<float>> CardDecoder::run(const std::vector<Row>& rows, int64_t columns) {
  const auto count = static_cast<int64_t>(rows.size());
  std::vector<int64_t> ids, positions, slots;
  for (const Row& row : rows) {
    for (int64_t i = 0; i < columns; ++i) {
      const bool given = i < static_cast<int64_t>(row.ids.size());
      ids.push_back(given ? row.ids[static_cast<size_t>(i)] : 0);
      positions.push_back(given ? row.position + i : -1);
    }
    slots.push_back(row.slot);
  }
  std::vector<float> logits(static_cast<size_t>(count * vocab_));
  Tensors inputs, outputs;
  inputs.add("input_ids", ids, {count, columns});
  inputs.add("position_ids", positions, {count, columns});
  inputs.add("batch_index", slots, {count, 1});
  outputs.add("logits", logits, {count, 1, vocab_});
  run_tensors(*session_, inputs, outputs);
  std::vector<std::vector<float>> result;
  for (int64_t row = 0; row < count; ++row)
    result.emplace_back(logits.begin() + row * vocab_, logits.begin() + (row + 1) * vocab_);
  return result;
}

std::vector<int64_t> CardDecoder::greedy(const std::vector<int64_t>& prompt, size_t tokens, int64_t chunk,
                                         int64_t slot) {
  std::vector<float> logits;
  const auto length = static_cast<int64_t>(prompt.size());
  for (int64_t first = 0; first < length; first += chunk) {
    const int64_t last = std::min(first + chunk, length);
    logits = run({{{prompt.begin() + first, prompt.begin() + last}, first, slot}}, chunk)[0];
  }
  std::vector<int64_t> made;
  for (int64_t position = length;; ++position) {
    made.push_back(argmax(logits));
    if (made.size() == tokens) return made;
    logits = run({{{made.back()}, position, slot}}, 1)[0];
  }
}

int64_t argmax(const std::vector<float>& logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

StandInScript::StandInScript(std::string_view orders) {
  setenv("QAIC_STANDIN_SCRIPT", folder_.write("script", orders).c_str(), 1);
}

StandInScript::~StandInScript() {
  unsetenv("QAIC_STANDIN_SCRIPT");
}

std::vector<float> run_encoder(sdk::Session& session, const std::string& output, std::vector<int64_t> ids,
                               int64_t rows, std::vector<int64_t> output_dims) {
  const int64_t columns = static_cast<int64_t>(ids.size()) / rows;
  std::vector<int64_t> mask(ids.size(), 1);
  int64_t count = 1;
  for (const int64_t dim : output_dims) count *= dim;
  std::vector<float> values(static_cast<size_t>(count));
  Tensors inputs, outputs;
  inputs.add("input_ids", ids, {rows, columns});
  inputs.add("attention_mask", mask, {rows, columns});
  outputs.add(output, values, std::move(output_dims));
  run_tensors(session, inputs, outputs);
  return values;
}

}  // namespace tessera::qaic
