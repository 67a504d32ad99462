#include "core/plugin/search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::plugin {
namespace {

namespace fs = std::filesystem;

/// What makes two names one file.
using FileIdentity = std::pair<dev_t, ino_t>;

class Collector {
 public:
  void file(const fs::path& path, bool named, const std::string& origin) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {  // a dangling link: loading it says so
      found_.push_back({path, named, origin});
      return;
    }
    const auto [seen, is_new] = seen_.try_emplace(FileIdentity{info.st_dev, info.st_ino}, found_.size());
    if (is_new)
      found_.push_back({path, named, origin});
    else if (named)
      found_[seen->second].named = true;
  }

  void folder(const fs::path& path, const std::string& origin) {
    std::error_code failure;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(path, failure), end; !failure && entry != end; entry.increment(failure))
      if (entry->path().extension() == ".so") files.push_back(entry->path());
    if (failure)
      throw Error(ErrorCode::kIo,
                  "cannot read the plugin folder given by " + origin + ": " + failure.message())
          .file(path.native());
    std::sort(files.begin(), files.end());
    for (const fs::path& found : files) file(found, false, origin);
  }

  std::vector<Candidate> take() { return std::move(found_); }

 private:
  std::vector<Candidate> found_;
  std::map<FileIdentity, size_t> seen_;
};

}  // namespace

fs::path default_plugin_folder() {
  std::error_code failure;
  const fs::path executable = fs::read_symlink("/proc/self/exe", failure);
  if (failure) return {};
  const fs::path bin = executable.parent_path();
  for (const fs::path& folder : {bin / "plugins", (bin / TESSERA_BINDIR_TO_PLUGINS).lexically_normal()})
    if (fs::is_directory(folder, failure)) return folder;
  return {};
}

Search Search::from_environment() {
  Search search;
  search.default_folder = default_plugin_folder();
  const char* variable = std::getenv("TESSERA_PLUGIN_PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(':'));
    if (!entry.empty()) search.named.push_back({fs::path(entry), "TESSERA_PLUGIN_PATH"});
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
  }
  return search;
}

std::vector<Candidate> candidates(const Search& search) {
  Collector collector;
  if (!search.default_folder.empty()) collector.folder(search.default_folder, "the default");
  for (const auto& [path, origin] : search.named) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (!fs::exists(status))
      throw Error(ErrorCode::kNotFound, "no plugin file or folder of this name, given by " + origin)
          .file(path.native())
          .remedy("correct or remove the path");
    if (fs::is_directory(status))
      collector.folder(path, origin);
    else
      collector.file(path, true, origin);
  }
  return collector.take();
}

}  // namespace tessera::plugin
