#include "plugins/qaic/backend/compile_folder.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "core/graph/external_data.hpp"
#include "plugins/qaic/files/compile_command.hpp"
#include "plugins/qaic/files/custom_io.hpp"
#include "plugins/qaic/files/partitions.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

std::string read_user_file(const char* key, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.good() || in.eof()) {
    if (fs::is_regular_file(path)) return text;
  }
  throw Error(ErrorCode::kNotFound, "the file cannot be read").file(path).key(key);
}

/// Each "IOName: X" of the user's list must be an input or output: a name that the graph does not have is
/// what compilers drop without a word.
void check_custom_io(const graph::Graph& graph, const std::string& path) {
  const std::string text = read_user_file("custom-io-file-path", path);
  constexpr std::string_view kKey = "IOName:";
  for (size_t at = text.find(kKey); at != std::string::npos; at = text.find(kKey, at)) {
    at += kKey.size();
    const size_t first = std::min(text.find_first_not_of(' ', at), text.size());
    const size_t end = std::min(text.find_first_of(" \r\n", first), text.size());
    const std::string name = text.substr(first, end - first);
    if (graph::has_input(graph, name) || graph::has_output(graph, name)) continue;
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the graph has no input or output '{}'", name))
        .file(path)
        .key("custom-io-file-path")
        .remedy("names are those of the graph: tessera inspect --graph");
  }
}

StateType state_type(const Settings& settings, const GraphFacts& facts) {
  if (settings.mxint8_kv_cache) return StateType::kMxint8;
  return facts.bfloat16_weights && settings.hardware == "ai200" ? StateType::kBfloat16 : StateType::kFloat16;
}

PartitionFile partition_file(const graph::Graph& graph, const Settings& settings) {
  if (settings.mdp_num_partitions == 1) return tensor_slicing(settings.num_devices, settings.num_cores);
  std::vector<std::string> nodes;
  for (const graph::Node& node : graph.nodes) nodes.push_back(node.name);
  return pipeline(settings.num_devices, settings.num_cores, settings.mdp_num_partitions, nodes);
}

/// Collects the files of one compilation and what the command line says of them.
class FilesMaker {
 public:
  FilesMaker(const graph::Model& model, const Settings& settings, const fs::path& folder)
      : model_(model), settings_(settings), folder_(folder), facts_(facts_of(model)) {}

  CompileFiles make() {
    command_.compiler = settings_.compiler;
    command_.hardware = settings_.hardware;
    command_.model = in_folder("model.onnx");
    command_.retained_state = facts_.decoder();
    command_.fp16 = settings_.fp16;
    command_.mxfp6_matmul = settings_.mxfp6_matmul;
    command_.num_cores = settings_.num_cores;
    command_.options = settings_.compiler_options;
    command_.specializations = add(
        "specializations.json", specializations_json(specializations_of(facts_, settings_), settings_.form));
    add_custom_io();
    add_partitions();
    command_.binary_dir = in_folder("qpc");
    result_.command = compile_arguments(command_);
    add(kCommandFile, command_text(result_.command) + "\n");
    return std::move(result_);
  }

 private:
  std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

  std::string add(const std::string& name, std::string text) {
    result_.files.push_back({name, std::move(text)});
    return in_folder(name);
  }

  void add_custom_io() {
    if (!settings_.custom_io_file.empty()) {
      check_custom_io(model_.graph, settings_.custom_io_file);
      command_.custom_io = absolute(settings_.custom_io_file);
      return;
    }
    if (!settings_.fp16 && !settings_.mxint8_kv_cache) return;  // states keep the graph's float32
    std::string text = custom_io_yaml(model_.graph, state_type(settings_, facts_));
    if (!text.empty()) command_.custom_io = add("custom_io.yaml", std::move(text));
  }

  void add_partitions() {
    if (!settings_.partition_file.empty()) {
      read_user_file("mdp-load-partition-config", settings_.partition_file);
      command_.partitions = absolute(settings_.partition_file);
      return;
    }
    if (settings_.num_devices == 1) return;
    PartitionFile file = partition_file(model_.graph, settings_);
    command_.partitions = add(file.name, std::move(file.text));
    command_.tensor_slicing = settings_.mdp_num_partitions == 1;
  }

  const graph::Model& model_;
  const Settings& settings_;
  const fs::path& folder_;
  GraphFacts facts_;
  CompileCommand command_;
  CompileFiles result_;
};

}  // namespace

std::vector<Specialization> specializations_of(const GraphFacts& facts, const Settings& settings) {
  if (facts.decoder()) return decoder_specializations(settings.shapes);
  return encoder_specializations(facts.task == "sequence-classification" ? "SeqClassification" : "Embedding",
                                 settings.shapes.batch_size, settings.seq_lens);
}

CompileFiles compile_files(const graph::Model& model, const Settings& settings, const fs::path& folder) {
  return FilesMaker(model, settings, folder).make();
}

std::vector<std::string> write_compile_folder(const sdk::CompileArgs& args, const CompileFiles& files,
                                              const fs::path& folder) {
  std::vector<graph::ExportedText> texts;
  for (const CompileFiles::File& file : files.files) texts.push_back({file.name, file.text});
  const graph::ExportProgress progress = [&](uint64_t done, uint64_t total) {
    args.progress.report(done, total, "writing weights");
    return true;
  };
  const graph::ExportReport report =
      graph::export_model(args.model, folder, graph::real_paths_in(std::string(args.base_dir)),
                          graph::WeightsMode::kLink, progress, texts);
  std::vector<std::string> paths = {report.model_file.string()};
  for (const graph::ExportedWeights& weights : report.weights)
    paths.push_back((folder / weights.location).string());
  for (const CompileFiles::File& file : files.files) paths.push_back((folder / file.name).string());
  return paths;
}

}  // namespace tessera::qaic
