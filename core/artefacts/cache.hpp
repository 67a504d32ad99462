/// The cache of compiled programs: finding, building, listing and removing entries (README.md has the
/// layout).
///
/// Safe between processes and against their death at any moment: an entry appears by one rename of a folder
/// that is complete and on the disk, one process builds it at a time, what a dead one left is recognised by
/// its lock being free, and files that are not as they were written are found before they are used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/artefacts/entry.hpp"
#include "core/artefacts/key.hpp"
#include "core/artefacts/key_lock.hpp"

namespace tessera::artefacts {

/// Where compiled programs are kept: `given`; else TESSERA_ARTEFACT_DIR; else $XDG_CACHE_HOME/tessera; else
/// ~/.cache/tessera. Empty: nowhere, since one of the first two is "none". Throws kNotFound when there is no
/// HOME either.
std::filesystem::path cache_root(std::string_view given = {});

/// An entry, or one that cannot be read.
struct Listed {
  std::filesystem::path folder;
  std::optional<Entry> entry;
  std::string damage;  ///< of its files, or why there is no entry; empty: as far as is known, none
};

struct Nearest {
  Entry entry;
  std::vector<Difference> differences;  ///< at least one
};

/// What goes beside abandoned folders and entries that are damaged as far as stamps tell.
struct PruneWishes {
  bool all = false;
  bool read_all = false;        ///< reads all files to find damage
  int64_t unused_seconds = -1;  ///< entries not used for so long; -1: any age
  int64_t most_bytes = -1;      ///< then the least lately used, until the rest has so many; -1: any size
};

struct Pruned {
  std::vector<std::filesystem::path> removed;
  std::vector<std::filesystem::path> busy;  ///< to be removed, but being built
  uint64_t bytes = 0;                       ///< of entries removed
};

/// Any thread; any process.
class Cache {
 public:
  /// An absolute path without a slash at its end, which need not exist (`cache_root`).
  explicit Cache(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  /// Digests of large files, kept beside the entries.
  FileDigests digests() const { return FileDigests(root_ / ".digests"); }

  /// The entry of this key. nullopt: none, or `damage` says what is wrong with it.
  std::optional<Entry> find(const Key& key, std::string& damage) const;
  /// Of the entries of the same backend the one that differs in the fewest parts, of those the last
  /// used; nullopt: there is none.
  std::optional<Nearest> nearest(const Key& key, std::string_view backend) const;
  /// Sorted by folder.
  std::vector<Listed> list(Inspection inspection, const DigestProgress& progress = {}) const;
  /// Removes what `wishes` say. Throws kIo.
  Pruned prune(const PruneWishes& wishes, const DigestProgress& progress = {}) const;

 private:
  std::filesystem::path root_;
};

/// An entry while one process makes it. What was not kept is gone with this object.
class Building {
 public:
  /// Waits for another process that builds the same entry; look with `find` again afterwards. Removes what
  /// dead processes left in the cache. Throws what KeyLock::acquire throws.
  Building(const Cache& cache, const Key& key, const Waiting& waiting);
  Building(const Building&) = delete;
  ~Building();

  /// A folder to be made and filled.
  const std::filesystem::path& path() const { return path_; }
  /// Puts it into the cache, in the place of a damaged one. Returns the entry's folder. Throws kIo.
  std::filesystem::path keep(const Origin& origin);

 private:
  std::filesystem::path target_;
  std::vector<KeyPart> parts_;
  std::unique_ptr<KeyLock> lock_;
  std::filesystem::path around_, path_;
};

}  // namespace tessera::artefacts
