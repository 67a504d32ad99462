/// One compiled program of the cache: a folder whose entry.json says what it was made from and what is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/artefacts/file_digests.hpp"
#include "core/artefacts/key.hpp"

namespace tessera::artefacts {

/// For people; no part of the key.
struct Origin {
  std::string backend;  ///< "qaic"
  std::string model;    ///< the checkpoint's folder
  std::string version;  ///< of this program
};

struct EntryFile {
  std::string name;  ///< relative to the entry
  uint64_t bytes = 0;
  std::string sha256;
  std::string stamp;  ///< as it was when the digest was read
};

struct Entry {
  std::filesystem::path folder;
  Origin origin;
  int64_t created = 0;    ///< seconds since 1970
  int64_t last_used = 0;  ///< the time of entry.json, which `touch` moves
  std::vector<KeyPart> parts;
  std::vector<EntryFile> files;

  uint64_t bytes() const;
};

/// nullopt: the folder has no entry.json, so it is no entry. Throws kCorruptData for one that is broken.
std::optional<Entry> read_entry(const std::filesystem::path& folder);

/// Digests all files below `folder` and writes its entry.json, all of it down to the disk.
void write_entry(const std::filesystem::path& folder, const Origin& origin,
                 const std::vector<KeyPart>& parts);

enum class Inspection {
  kStamps,    ///< files are read only where size or stamp are not as they were
  kContents,  ///< all files are read
};

/// What is wrong with the files, one sentence; empty: nothing. Throws what `progress` throws.
std::string damage_of(const Entry& entry, Inspection inspection, const DigestProgress& progress = {});

/// It was used now. Does nothing where that cannot be written.
void touch(const Entry& entry);

}  // namespace tessera::artefacts
