#include "plugins/qaic/backend/compile_program.hpp"

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/artefacts/cache.hpp"
#include "plugins/qaic/backend/cached_program.hpp"
#include "plugins/qaic/backend/compile_folder.hpp"
#include "plugins/qaic/compiler/compiler.hpp"
#include "plugins/qaic/runtime/program.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

namespace fs = std::filesystem;

/// Where a compilation works; gone with this object unless it is kept.
class WorkFolder {
 public:
  /// `wanted` empty: a temporary one. The folder itself is made by who writes into it.
  explicit WorkFolder(const std::string& wanted) {
    if (!wanted.empty()) {
      path_ = fs::absolute(wanted).lexically_normal();
      if (!path_.has_filename()) path_ = path_.parent_path();
      if (fs::exists(path_))
        throw Error(ErrorCode::kInvalidArgument, "the folder exists already")
            .file(path_.string())
            .key("output-dir");
      return;
    }
    std::string name = (fs::temp_directory_path() / "tessera-qaic-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw Error(ErrorCode::kIo, "no temporary folder for the compilation").file(name);
    around_ = name;
    path_ = around_ / "model";
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(around_.empty() ? path_ : around_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;

  const fs::path& path() const { return path_; }
  void keep() { kept_ = around_.empty(); }

 private:
  fs::path around_, path_;
  bool kept_ = false;
};

RunSettings run_settings(const Settings& settings) {
  RunSettings run;
  run.library = {settings.library, settings.sdk, settings.sdk_given};
  run.devices = settings.device_group;
  run.num_devices = settings.num_devices;
  run.timeout_ms = settings.timeout_ms;
  run.recover = settings.recover;
  return run;
}

}  // namespace

fs::path program_in(const fs::path& folder) {
  return folder / "qpc" / "programqpc.bin";
}

std::unique_ptr<sdk::Program> open_program(const fs::path& folder, const Settings& settings,
                                           const sdk::Host& host) {
  return std::make_unique<CardProgram>(program_in(folder), run_settings(settings), host);
}

std::unique_ptr<sdk::Program> make_program(const sdk::CompileArgs& args, const graph::Model& model,
                                           const Settings& settings, const fs::path& folder) {
  const CompileFiles files = compile_files(model, settings, folder);
  write_compile_folder(args, files, folder);
  run_compiler(files.command, program_in(folder).string(), model, args.progress);
  return open_program(folder, settings, args.host);
}

std::unique_ptr<sdk::Program> compile_program(const sdk::CompileArgs& args, const graph::Model& model,
                                              const Settings& settings) {
  Settings found = settings;
  found.compiler = find_compiler(settings.compiler_choice());
  const fs::path root =
      settings.output_dir.empty() ? artefacts::cache_root(settings.artefact_dir) : fs::path();
  if (!root.empty()) return cached_program(args, model, found, root);
  WorkFolder work(settings.output_dir);
  auto made = make_program(args, model, found, work.path());
  work.keep();  // a temporary folder goes, and the program stays mapped
  return made;
}

}  // namespace tessera::qaic
