#include "plugins/qaic/backend/cached_program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/artefacts/cache.hpp"
#include "plugins/qaic/backend/artefact_key.hpp"
#include "plugins/qaic/backend/compile_folder.hpp"
#include "plugins/qaic/backend/compile_program.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kBackend = "qaic";
constexpr const char* kCompiled = "qpc";  // the only folder of an entry

/// A program of the cache.
class KeptProgram : public sdk::Program {
 public:
  KeptProgram(std::unique_ptr<sdk::Program> program, std::string path, bool reused)
      : program_(std::move(program)), path_(std::move(path)), reused_(reused) {}

  std::vector<sdk::OptionInfo> session_options() const override { return program_->session_options(); }
  std::unique_ptr<sdk::Session> create_session(const sdk::SessionArgs& args) override {
    return program_->create_session(args);
  }
  sdk::Value property(std::string_view key) const override {
    if (key == "artefact.path") return sdk::Value(path_);
    if (key == "artefact.reused") return sdk::Value(reused_);
    return program_->property(key);
  }

 private:
  std::unique_ptr<sdk::Program> program_;
  std::string path_;
  bool reused_;
};

/// Weights that a compilation links into its folder; their digests stay remembered.
struct LinkedWeights {
  artefacts::FileDigests digests;
  const ArtefactKey& key;

  ~LinkedWeights() {
    for (const ArtefactKey::WeightFile& file : key.weights) digests.keep(file.path, file.stamp, file.digest);
  }
};

/// The graph and its weights are in the compiled program; beside it stays what its runners read.
void remove_inputs(const fs::path& folder, const CompileFiles& files) {
  std::vector<std::string> names;
  for (const fs::directory_entry& item : fs::directory_iterator(folder))
    names.push_back(item.path().filename().string());
  for (const std::string& name : names) {
    const bool made = std::any_of(files.files.begin(), files.files.end(),
                                  [&](const CompileFiles::File& file) { return file.name == name; });
    // The command line names paths of the folder before it was kept; entry.json has its options.
    if ((made && name != kCommandFile) || name == kCompiled) continue;
    fs::remove_all(folder / name);
  }
}

class CachedCompile {
 public:
  CachedCompile(const sdk::CompileArgs& args, const graph::Model& model, const Settings& settings,
                const fs::path& root)
      : args_(args), model_(model), settings_(settings), cache_(root) {}

  std::unique_ptr<sdk::Program> program() {
    const ArtefactKey made_from =
        artefact_key(args_, model_, settings_, cache_.digests(), WeightReading::kAll);
    key_ = made_from.key;
    std::string damage;
    if (auto kept = find(damage)) return kept;
    const LinkedWeights linked{cache_.digests(),
                               made_from};  // outlives the links, which move the files' ctime
    artefacts::Building building(cache_, key_, [&](pid_t holder) {
      args_.progress.report(0, 0, fmt::format("process {} compiles this model: waiting for it", holder));
    });
    if (auto kept = find(damage)) return kept;
    tell_miss(damage);
    std::unique_ptr<sdk::Program> made = make_program(args_, model_, settings_, building.path());
    remove_inputs(building.path(), compile_files(model_, settings_, building.path()));
    const fs::path folder =
        building.keep({kBackend, fs::absolute(args_.base_dir).lexically_normal().string(), TESSERA_VERSION});
    return std::make_unique<KeptProgram>(std::move(made), program_in(folder).string(), false);
  }

 private:
  /// Null: there is none that can be used; `damage` says why, if there is one.
  std::unique_ptr<sdk::Program> find(std::string& damage) {
    const std::optional<artefacts::Entry> entry = cache_.find(key_, damage);
    if (!entry) return nullptr;
    try {
      auto program = open_program(entry->folder, settings_, args_.host);
      artefacts::touch(*entry);
      args_.host.log(sdk::LogLevel::kInfo, kBackend, "artefact cache=hit path=" + entry->folder.string());
      return std::make_unique<KeptProgram>(std::move(program), program_in(entry->folder).string(), true);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      return nullptr;  // removed by another process since it was found
    }
  }

  void tell_miss(const std::string& damage) const {
    if (!damage.empty()) {
      args_.host.log(sdk::LogLevel::kWarn, kBackend,
                     fmt::format("compiling again, since a compiled program is damaged: {}: {}",
                                 (cache_.root() / key_.folder()).string(), damage));
    }
    if (!args_.host.log_enabled(sdk::LogLevel::kInfo)) return;
    const auto nearest = cache_.nearest(key_, kBackend);
    std::vector<std::string> parts;
    if (nearest) {
      for (const artefacts::Difference& difference : nearest->differences) parts.push_back(difference.part);
    }
    args_.host.log(sdk::LogLevel::kInfo, kBackend,
                   fmt::format("artefact cache=miss differs={} nearest={}", fmt::join(parts, ","),
                               nearest ? nearest->entry.folder.string() : "none"));
  }

  const sdk::CompileArgs& args_;
  const graph::Model& model_;
  const Settings& settings_;
  artefacts::Cache cache_;
  artefacts::Key key_;
};

/// Weights that nobody read are named only where nothing else differs.
json::object miss_json(const std::optional<artefacts::Nearest>& nearest, bool weights_read) {
  json::array differs;
  if (nearest) {
    for (const artefacts::Difference& d : nearest->differences) {
      if (d.part == kWeightsPart && !weights_read && nearest->differences.size() > 1) continue;
      differs.push_back(json::object{{"part", d.part}, {"stored", d.stored}, {"wanted", d.wanted}});
    }
  }
  return {{"state", "miss"},
          {"folder", nearest ? json::value(nearest->entry.folder.string()) : json::value(nullptr)},
          {"differs", differs}};
}

json::object plan_of(const artefacts::Cache& cache, const ArtefactKey& made_from) {
  std::string damage;
  if (const auto entry = cache.find(made_from.key, damage))
    return {{"state", "hit"}, {"folder", entry->folder.string()}};
  json::object miss = miss_json(cache.nearest(made_from.key, kBackend), made_from.complete);
  if (!damage.empty()) miss["damage"] = damage;
  return miss;
}

/// Whether the weights alone decide: then they have to be read, else a plan needs no bytes of them.
bool weights_decide(const json::object& plan) {
  const json::value* differs = plan.if_contains("differs");
  return differs != nullptr && differs->as_array().size() == 1 &&
         differs->at(0).at("part").as_string() == kWeightsPart;
}

}  // namespace

std::unique_ptr<sdk::Program> cached_program(const sdk::CompileArgs& args, const graph::Model& model,
                                             const Settings& settings, const fs::path& root) {
  return CachedCompile(args, model, settings, root).program();
}

std::string cache_plan_json(const sdk::CompileArgs& args, const graph::Model& model,
                            const Settings& settings) {
  const fs::path root = artefacts::cache_root(settings.artefact_dir);
  if (root.empty()) return R"({"state":"off"})";
  Settings found = settings;
  try {
    found.compiler = find_compiler(settings.compiler_choice());
  } catch (const Error& error) {
    return json::serialize(json::object{{"state", "unknown"}, {"reason", error.message()}});
  }
  const artefacts::Cache cache(root);
  const ArtefactKey quick = artefact_key(args, model, found, cache.digests(), WeightReading::kRemembered);
  json::object plan = plan_of(cache, quick);
  if (!quick.complete && weights_decide(plan))
    plan = plan_of(cache, artefact_key(args, model, found, cache.digests(), WeightReading::kAll));
  return json::serialize(plan);
}

}  // namespace tessera::qaic
