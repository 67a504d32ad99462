#include "core/hub/hub_cache.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path home_folder() {
  if (std::string home = variable("HOME"); !home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/";
}

fs::path with_home(const std::string& path) {
  if (path == "~") return home_folder();
  return path.substr(0, 2) == "~/" ? home_folder() / path.substr(2) : fs::path(path);
}

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

/// The rules of the hub for a user's or a model's name.
bool is_id_part(std::string_view part) {
  if (part.empty() || part.size() > 96) return false;
  if (!std::all_of(part.begin(), part.end(), is_id_character)) return false;
  for (char edge : {part.front(), part.back()}) {
    if (edge == '-' || edge == '.') return false;
  }
  return part.find("--") == std::string_view::npos && part.find("..") == std::string_view::npos;
}

/// A revision becomes a path below refs/, so it must not leave it.
bool is_revision(std::string_view revision) {
  if (revision.empty() || revision.front() == '/' || revision.back() == '/') return false;
  if (revision.find("..") != std::string_view::npos || revision.find("//") != std::string_view::npos)
    return false;
  return std::all_of(revision.begin(), revision.end(), [](char c) { return c > ' ' && c != 0x7f; });
}

bool looks_like_path(std::string_view text) {
  return text.substr(0, 1) == "/" || text.substr(0, 1) == "." || text.substr(0, 1) == "~" ||
         std::count(text.begin(), text.end(), '/') > 1;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

fs::path repository_folder(const HubId& id) {
  std::string name = "models--";
  for (char c : id.repository) name += c == '/' ? std::string("--") : std::string(1, c);
  return hub_cache_folder() / name;
}

/// The commit that refs/<revision> names, or nothing when there is no such ref.
std::optional<std::string> read_ref(const fs::path& repository, const std::string& revision) {
  fs::path path = repository / "refs" / revision;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::string commit = trimmed(text);
  if (is_id_part(commit)) return commit;  // any plain name: it becomes a folder below snapshots/
  throw Error(ErrorCode::kCorruptData, "the reference of the hub's cache holds no commit")
      .file(path.string())
      .remedy("remove the file and fetch the model again");
}

std::vector<std::string> snapshots_of(const fs::path& repository) {
  std::vector<std::string> commits;
  std::error_code ignored;
  for (fs::directory_iterator it(repository / "snapshots", ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    commits.push_back(it->path().filename().string());
  }
  std::sort(commits.begin(), commits.end());
  return commits;
}

[[noreturn]] void refuse_missing(std::string_view text, const HubId& id, const fs::path& repository) {
  std::string reason =
      fmt::format("there is no folder '{}' here, and the hub's cache has no such model", text);
  std::string remedy =
      fmt::format("fetch it with 'huggingface-cli download {}', or give the model's folder", id.repository);
  if (is_folder(repository)) {
    reason = fmt::format("the hub's cache has the model '{}', but not its revision '{}'", id.repository,
                         id.revision);
    std::vector<std::string> commits = snapshots_of(repository);
    if (!commits.empty())
      remedy = fmt::format("take one that is there: {}@{}", id.repository, fmt::join(commits, ", @"));
  }
  throw Error(ErrorCode::kNotFound, reason)
      .file(repository.string())
      .remedy(remedy)
      .during(fmt::format("looking for '{}' in {} (set by HF_HUB_CACHE, HF_HOME or XDG_CACHE_HOME)", text,
                          hub_cache_folder().string()));
}

ModelFolder find_in_cache(std::string_view text, const HubId& id) {
  fs::path repository = repository_folder(id);
  std::string commit = read_ref(repository, id.revision).value_or(id.revision);
  fs::path snapshot = repository / "snapshots" / commit;
  if (commit.find('/') == std::string::npos && is_folder(snapshot)) return {snapshot, commit};
  refuse_missing(text, id, repository);
}

}  // namespace

fs::path hub_cache_folder() {
  if (std::string cache = variable("HF_HUB_CACHE"); !cache.empty()) return with_home(cache);
  if (std::string home = variable("HF_HOME"); !home.empty()) return with_home(home) / "hub";
  if (std::string xdg = variable("XDG_CACHE_HOME"); !xdg.empty())
    return with_home(xdg) / "huggingface" / "hub";
  return home_folder() / ".cache" / "huggingface" / "hub";
}

std::optional<HubId> parse_hub_id(std::string_view text) {
  HubId id;
  size_t at = text.find('@');
  if (at != std::string_view::npos) {
    if (!is_revision(text.substr(at + 1))) return std::nullopt;
    id.revision = text.substr(at + 1);
  }
  std::string_view repository = text.substr(0, at);
  size_t slash = repository.find('/');
  if (slash != std::string_view::npos && !is_id_part(repository.substr(0, slash))) return std::nullopt;
  if (!is_id_part(slash == std::string_view::npos ? repository : repository.substr(slash + 1)))
    return std::nullopt;
  id.repository = repository;
  return id;
}

ModelFolder find_model(std::string_view folder_or_id) {
  fs::path path{std::string(folder_or_id)};
  if (is_folder(path)) return {path, ""};
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    throw Error(ErrorCode::kInvalidArgument, "this is a file, expected the folder of a model")
        .file(folder_or_id)
        .remedy("give the folder that holds config.json");
  }
  std::optional<HubId> id = parse_hub_id(folder_or_id);
  if (id && !looks_like_path(folder_or_id.substr(0, folder_or_id.find('@'))))
    return find_in_cache(folder_or_id, *id);
  throw Error(ErrorCode::kNotFound, "no such folder")
      .file(folder_or_id)
      .remedy("check the path, or give the id of a model in the hub's cache: org/name or org/name@revision");
}

}  // namespace tessera
