#include "core/artefacts/cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "tessera/sdk/error.hpp"

namespace tessera::artefacts {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuilding = ".building-", kLock = ".lock";
constexpr size_t kRandomEnd = 7;  // "-XXXXXX"

fs::path lock_of(const fs::path& entry) {
  return entry.parent_path() / fmt::format(".{}{}", entry.filename().string(), kLock);
}

/// The names in a folder; none when it cannot be read.
std::vector<fs::path> children(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code failure;
  for (fs::directory_iterator item(folder, failure), end; !failure && item != end; item.increment(failure))
    paths.push_back(item->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// All that lies in the folders of models.
std::vector<fs::path> in_model_folders(const fs::path& root) {
  std::vector<fs::path> paths;
  for (const fs::path& architecture : children(root)) {
    if (architecture.filename().string().starts_with('.')) continue;
    for (const fs::path& model : children(architecture))
      for (fs::path& path : children(model)) paths.push_back(std::move(path));
  }
  return paths;
}

/// The entry that a temporary folder is to become; empty: it is none.
fs::path entry_of_building(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(kBuilding) || name.size() <= kBuilding.size() + kRandomEnd) return {};
  return path.parent_path() / name.substr(kBuilding.size(), name.size() - kBuilding.size() - kRandomEnd);
}

/// A new folder beside the entry, which is removed as abandoned should this process die.
fs::path make_building(const fs::path& entry) {
  const std::string prefix = fmt::format("{}{}-XXXXXX", kBuilding, entry.filename().string());
  std::string name = (entry.parent_path() / prefix).string();
  if (mkdtemp(name.data()) != nullptr) return name;
  throw Error(errno == ENOSPC ? ErrorCode::kOutOfMemory : ErrorCode::kIo,
              fmt::format("no folder for the compilation: {}", std::strerror(errno)))
      .file(name)
      .key("artefact-dir");
}

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (!failure) return;
  throw Error(ErrorCode::kIo, fmt::format("the folder cannot be renamed: {}", failure.message()))
      .file(to.string());
}

/// Through a rename, so that no half of it is ever taken for an entry. Call with the lock held.
void remove_entry(const fs::path& entry) {
  const fs::path around = make_building(entry);
  rename_folder(entry, around / "removed");
  std::error_code ignored;
  fs::remove_all(around, ignored);
}

/// Temporary folders whose builder is dead, and locks that nobody holds. `held`: the entry whose lock this
/// process has.
std::vector<fs::path> remove_abandoned(const fs::path& root, const fs::path& held) {
  std::vector<fs::path> removed;
  for (const fs::path& path : in_model_folders(root)) {
    const std::string name = path.filename().string();
    const bool is_lock = name.starts_with('.') && name.ends_with(kLock);
    const fs::path entry = entry_of_building(path);
    if (!is_lock && entry.empty()) continue;
    const fs::path lock = is_lock ? path : lock_of(entry);
    const bool mine = lock == lock_of(held);
    if (is_lock && mine) continue;
    const std::unique_ptr<KeyLock> free_lock = mine ? nullptr : KeyLock::try_acquire(lock, root);
    if (!mine && !free_lock) continue;
    if (is_lock) continue;  // releasing it removes it
    std::error_code ignored;
    fs::remove_all(path, ignored);
    removed.push_back(path);
  }
  return removed;
}

Listed listed(const fs::path& folder, Inspection inspection, const DigestProgress& progress) {
  Listed found{folder, std::nullopt, ""};
  try {
    found.entry = read_entry(folder);
    if (found.entry) found.damage = damage_of(*found.entry, inspection, progress);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    found.damage = error.message();
  }
  return found;
}

/// What entry.json says; nullopt: nothing, or it is broken.
std::optional<Entry> sound_entry(const fs::path& folder) {
  try {
    return folder.filename().string().starts_with('.') ? std::nullopt : read_entry(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

fs::path cache_root(std::string_view given) {
  std::string chosen(given);
  if (chosen.empty()) chosen = variable("TESSERA_ARTEFACT_DIR");
  if (chosen == "none") return {};
  if (!chosen.empty()) {
    const fs::path root = fs::absolute(chosen).lexically_normal();
    return root.has_filename() ? root : root.parent_path();  // "cache/" is "cache"
  }
  const std::string xdg = variable("XDG_CACHE_HOME");
  if (!xdg.empty()) return fs::path(xdg) / "tessera";
  const std::string home = variable("HOME");
  if (!home.empty()) return fs::path(home) / ".cache" / "tessera";
  throw Error(ErrorCode::kNotFound, "no place to keep compiled programs: HOME is not set")
      .key("artefact-dir")
      .remedy("name a folder by --artefact-dir or TESSERA_ARTEFACT_DIR; 'none' compiles without keeping");
}

std::optional<Entry> Cache::find(const Key& key, std::string& damage) const {
  Listed found = listed(root_ / key.folder(), Inspection::kStamps, {});
  damage = found.damage;
  if (!found.entry || !damage.empty()) return std::nullopt;
  // The folder's name has 64 bits of the key; all of it is compared.
  if (!differences(found.entry->parts, key.parts()).empty()) damage = "it is of another key";
  return damage.empty() ? std::move(found.entry) : std::nullopt;
}

std::optional<Nearest> Cache::nearest(const Key& key, std::string_view backend) const {
  std::optional<Nearest> best;
  for (const fs::path& path : in_model_folders(root_)) {
    std::optional<Entry> entry = sound_entry(path);
    if (!entry || entry->origin.backend != backend) continue;
    std::vector<Difference> found = differences(entry->parts, key.parts());
    const bool better =
        !best || found.size() < best->differences.size() ||
        (found.size() == best->differences.size() && entry->last_used > best->entry.last_used);
    if (better && !found.empty()) best = Nearest{std::move(*entry), std::move(found)};
  }
  return best;
}

std::vector<Listed> Cache::list(Inspection inspection, const DigestProgress& progress) const {
  std::vector<Listed> all;
  for (const fs::path& path : in_model_folders(root_)) {
    if (path.filename().string().starts_with('.')) continue;
    Listed item = listed(path, inspection, progress);
    if (item.entry || !item.damage.empty()) all.push_back(std::move(item));
  }
  return all;
}

Pruned Cache::prune(const PruneWishes& wishes, const DigestProgress& progress) const {
  Pruned pruned;
  pruned.removed = remove_abandoned(root_, {});
  std::vector<Listed> items = list(wishes.read_all ? Inspection::kContents : Inspection::kStamps, progress);
  const auto last_used = [](const Listed& item) { return item.entry ? item.entry->last_used : 0; };
  std::stable_sort(items.begin(), items.end(),
                   [&](const Listed& a, const Listed& b) { return last_used(a) > last_used(b); });
  const auto now = static_cast<int64_t>(std::time(nullptr));
  uint64_t kept = 0;
  for (const Listed& item : items) {
    const uint64_t bytes = item.entry ? item.entry->bytes() : 0;
    const bool old = wishes.unused_seconds >= 0 && now - last_used(item) >= wishes.unused_seconds;
    const bool beyond = wishes.most_bytes >= 0 && kept + bytes > static_cast<uint64_t>(wishes.most_bytes);
    if (item.damage.empty() && !wishes.all && !old && !beyond) {
      kept += bytes;
      continue;
    }
    const std::unique_ptr<KeyLock> lock = KeyLock::try_acquire(lock_of(item.folder), root_);
    if (!lock) {
      pruned.busy.push_back(item.folder);
      continue;
    }
    remove_entry(item.folder);
    pruned.removed.push_back(item.folder);
    pruned.bytes += bytes;
  }
  return pruned;
}

Building::Building(const Cache& cache, const Key& key, const Waiting& waiting)
    : target_(cache.root() / key.folder()),
      parts_(key.parts()),
      lock_(KeyLock::acquire(lock_of(target_), cache.root(), waiting)) {
  remove_abandoned(cache.root(), target_);
  around_ = make_building(target_);
  path_ = around_ / "entry";
}

Building::~Building() {
  std::error_code ignored;
  fs::remove_all(around_, ignored);
}

fs::path Building::keep(const Origin& origin) {
  write_entry(path_, origin, parts_);
  if (fs::exists(target_)) rename_folder(target_, around_ / "damaged");
  rename_folder(path_, target_);
  const int fd = open(target_.parent_path().c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    close(fd);
  }
  return target_;
}

}  // namespace tessera::artefacts
