#include "plugins/qaic/backend/dry_run.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "plugins/qaic/backend/compile_folder.hpp"
#include "plugins/qaic/files/compile_command.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

class WrittenFiles : public sdk::Program {
 public:
  WrittenFiles(std::vector<std::string> files, std::string command)
      : files_(std::move(files)), command_(std::move(command)) {}

  std::unique_ptr<sdk::Session> create_session(const sdk::SessionArgs&) override {
    throw Error(ErrorCode::kNotSupported, "nothing was compiled: this was a dry run")
        .key("dry-run")
        .remedy("leave dry-run out");
  }
  sdk::Value property(std::string_view key) const override {
    if (key == "files") return sdk::Value(files_);
    if (key == "command") return sdk::Value(command_);
    if (key == "weights.bytes") return sdk::Value(int64_t{0});
    throw sdk::unknown_property(key);
  }

 private:
  std::vector<std::string> files_;
  std::string command_;
};

}  // namespace

std::unique_ptr<sdk::Program> dry_run(const sdk::CompileArgs& args, const graph::Model& model,
                                      const Settings& settings) {
  if (settings.output_dir.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a dry run needs a folder to write to")
        .key("output-dir")
        .remedy("give one with -o DIR");
  }
  std::filesystem::path folder = std::filesystem::absolute(settings.output_dir).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "out/" is "out"
  const CompileFiles files = compile_files(model, settings, folder);
  return std::make_unique<WrittenFiles>(write_compile_folder(args, files, folder),
                                        command_text(files.command));
}

}  // namespace tessera::qaic
