#include "plugins/qaic/backend/artefact_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "core/digest/sha256.hpp"
#include "core/graph/external_data.hpp"
#include "core/json/json.hpp"
#include "plugins/qaic/backend/compile_folder.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic {
namespace {

namespace fs = std::filesystem;
using artefacts::part;

constexpr const char* kNothing = "none";

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Without the list of passes, which is a part of its own.
std::string graph_digest(graph::Model model) {
  std::erase_if(model.metadata_props,
                [](const auto& entry) { return entry.first == graph::metadata::kPasses; });
  return "sha256:" + sha256(graph::write_model(model));
}

std::set<std::string> weight_locations(const graph::Model& model) {
  std::set<std::string> locations;
  for (const graph::Tensor& tensor : model.graph.initializers)
    if (tensor.external) locations.insert(tensor.external->location);
  return locations;
}

class KeyMaker {
 public:
  KeyMaker(const sdk::CompileArgs& args, const graph::Model& model, const Settings& settings,
           const artefacts::FileDigests& digests, WeightReading reading)
      : args_(args), model_(model), settings_(settings), digests_(digests), reading_(reading) {}

  ArtefactKey make() {
    // Names of files in an imagined folder: what they say counts, not where they stand.
    files_ = compile_files(model_, settings_, "/");
    artefacts::Key& key = result_.key;
    key.kind = "qpc";
    key.architecture = architecture();
    const GraphFacts facts = facts_of(model_);
    key.model_class = model_class_of(key.architecture, facts.task);
    const std::string* passes = graph::find_metadata(model_, graph::metadata::kPasses);
    key.model = {part("graph", graph_digest(model_)), part(kWeightsPart, weights()),
                 part("passes", passes == nullptr ? "" : *passes), part("tessera", TESSERA_VERSION)};
    key.program = {part("specializations", text_of("-network-specialization-config=")),
                   part("custom-io", text_of("-custom-IO-list-file=")),
                   part("mdp", text_of("-mdp-load-partition-config=")), part("options", options()),
                   part("compiler", compiler())};
    return std::move(result_);
  }

 private:
  /// architectures[0] of config.json; a graph without a checkpoint has none.
  std::string architecture() const {
    const fs::path file = fs::path(args_.base_dir) / "config.json";
    if (!fs::is_regular_file(file)) return "model";
    const boost::json::object config = parse_json_object(file_text(file), file.string());
    const boost::json::value* names = config.if_contains("architectures");
    const boost::json::array* list = names == nullptr ? nullptr : names->if_array();
    if (list == nullptr || list->empty() || !list->front().is_string()) return "model";
    return std::string(std::string_view(list->front().as_string()));
  }

  std::string weights() {
    const graph::RealPath real_path = graph::real_paths_in(std::string(args_.base_dir));
    std::string text;
    for (const std::string& location : weight_locations(model_)) {
      const fs::path file = real_path(location);
      const std::string stamp = artefacts::file_stamp(file);
      std::optional<std::string> digest = digests_.known(file);
      if (!digest && reading_ == WeightReading::kAll) {
        digest = digests_.digest(file, [&](uint64_t done, uint64_t total) {
          args_.progress.report(done, total, "reading weights for the key of the cache");
        });
      }
      result_.complete = result_.complete && digest;
      if (digest) result_.weights.push_back({file, stamp, *digest});
      text += fmt::format("{}{} {}", text.empty() ? "" : "\n", location, digest.value_or("not read"));
    }
    return text;
  }

  /// What the file says that an argument names: one of those made here, or the user's.
  std::string text_of(std::string_view flag) const {
    for (const std::string& argument : files_.command) {
      if (!argument.starts_with(flag)) continue;
      const fs::path path = argument.substr(flag.size());
      for (const CompileFiles::File& file : files_.files)
        if (fs::path("/") / file.name == path) return file.text;
      return file_text(path);
    }
    return kNothing;
  }

  std::string options() const {
    constexpr std::array<std::string_view, 5> kElsewhere = {
        "-m=", "-network-specialization-config=", "-custom-IO-list-file=", "-mdp-load-partition-config=",
        "-aic-binary-dir="};
    std::string text;
    for (size_t i = 1; i < files_.command.size(); ++i) {
      const std::string& argument = files_.command[i];
      const bool elsewhere = std::any_of(kElsewhere.begin(), kElsewhere.end(),
                                         [&](std::string_view flag) { return argument.starts_with(flag); });
      if (elsewhere) continue;
      text += (text.empty() ? "" : " ") + argument;
      const size_t equals = argument.find('=');
      const fs::path named = equals == std::string::npos ? "" : argument.substr(equals + 1);
      std::error_code failure;
      if (fs::is_regular_file(named, failure)) text += fmt::format("(sha256:{})", digests_.digest(named));
    }
    return text;
  }

  std::string compiler() const {
    const fs::path program = settings_.compiler;
    std::string text =
        fmt::format("{} (sha256:{})", compiler_version(program.string()), digests_.digest(program));
    // The compiler is a program with libraries; the SDK's version file stands for all of it.
    const fs::path versions = program.parent_path().parent_path() / "versions" / "apps.xml";
    std::error_code failure;
    if (fs::is_regular_file(versions, failure))
      text += fmt::format(", apps.xml {}", digests_.digest(versions));
    return text;
  }

  const sdk::CompileArgs& args_;
  const graph::Model& model_;
  const Settings& settings_;
  const artefacts::FileDigests& digests_;
  WeightReading reading_;
  CompileFiles files_;
  ArtefactKey result_;
};

}  // namespace

std::string model_class_of(const std::string& architecture, const std::string& task) {
  const size_t head = architecture.find("For");
  const bool bare = task == "feature-extraction" && head != std::string::npos && head > 0;
  return bare ? architecture.substr(0, head) + "Model" : architecture;
}

ArtefactKey artefact_key(const sdk::CompileArgs& args, const graph::Model& model, const Settings& settings,
                         const artefacts::FileDigests& digests, WeightReading reading) {
  return KeyMaker(args, model, settings, digests, reading).make();
}

}  // namespace tessera::qaic
