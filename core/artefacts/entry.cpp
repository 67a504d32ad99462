#include "core/artefacts/entry.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>

#include "core/checkpoint/atomic_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::artefacts {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kEntryFile = "entry.json";
constexpr int64_t kFormat = 1;

std::string text_of(const json::object& object, const char* key) {
  return std::string(std::string_view(object.at(key).as_string()));
}

json::object to_json(const Entry& entry) {
  json::object key;
  for (const KeyPart& part : entry.parts) key[part.name] = part.text;
  json::array files;
  for (const EntryFile& file : entry.files) {
    files.push_back(json::object{
        {"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}, {"stamp", file.stamp}});
  }
  return {{"format", kFormat},
          {"backend", entry.origin.backend},
          {"model", entry.origin.model},
          {"tessera", entry.origin.version},
          {"created", entry.created},
          {"key", key},
          {"files", files}};
}

/// Throws Error, or boost's exceptions for keys that are missing or of another kind.
Entry from_json(const json::object& object) {
  Entry entry;
  if (object.at("format").as_int64() != kFormat)
    throw Error(ErrorCode::kVersion, "the entry has another format than this program writes");
  entry.origin = {text_of(object, "backend"), text_of(object, "model"), text_of(object, "tessera")};
  entry.created = object.at("created").as_int64();
  for (const auto& [name, text] : object.at("key").as_object())
    entry.parts.push_back({std::string(name), std::string(std::string_view(text.as_string()))});
  for (const json::value& value : object.at("files").as_array()) {
    const json::object& file = value.as_object();
    entry.files.push_back({text_of(file, "name"), static_cast<uint64_t>(file.at("bytes").as_int64()),
                           text_of(file, "sha256"), text_of(file, "stamp")});
  }
  return entry;
}

void sync(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  // Some file systems sync no folders.
  if (!synced && error != EINVAL)
    throw Error(ErrorCode::kIo,
                fmt::format("the file cannot be written to the disk: {}", std::strerror(error)))
        .file(path.string());
}

std::vector<EntryFile> files_below(const fs::path& folder) {
  std::vector<EntryFile> files;
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    if (!item.is_regular_file()) continue;
    const fs::path& path = item.path();
    files.push_back(
        {path.lexically_relative(folder).string(), item.file_size(), read_digest(path), file_stamp(path)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

std::string damage_of_file(const fs::path& path, const EntryFile& file, Inspection inspection,
                           const DigestProgress& progress) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return fmt::format("{} is missing", file.name);
  const uint64_t bytes = fs::file_size(path, failure);
  if (bytes != file.bytes) return fmt::format("{} has {} bytes, expected {}", file.name, bytes, file.bytes);
  if (inspection == Inspection::kStamps && file_stamp(path) == file.stamp) return {};
  if (read_digest(path, progress) == file.sha256) return {};
  return fmt::format("{} has other contents than were written", file.name);
}

}  // namespace

uint64_t Entry::bytes() const {
  uint64_t sum = 0;
  for (const EntryFile& file : files) sum += file.bytes;
  return sum;
}

std::optional<Entry> read_entry(const fs::path& folder) {
  const fs::path path = folder / kEntryFile;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  try {
    Entry entry = from_json(parse_json_object(text, path.string()));
    entry.folder = folder;
    entry.last_used = status.st_mtim.tv_sec;
    return entry;
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorruptData, fmt::format("entry.json is broken: {}", error.message()))
        .file(path.string());
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kCorruptData, fmt::format("entry.json is broken: {}", error.what()))
        .file(path.string());
  }
}

void write_entry(const fs::path& folder, const Origin& origin, const std::vector<KeyPart>& parts) {
  Entry entry{folder, origin, static_cast<int64_t>(std::time(nullptr)), 0, parts, files_below(folder)};
  for (const EntryFile& file : entry.files) sync(folder / file.name);
  const std::string text = json::serialize(to_json(entry)) + "\n";
  AtomicFile file(folder / kEntryFile);
  file.write(std::as_bytes(std::span(text.data(), text.size())));
  file.commit();
  sync(folder / kEntryFile);
  sync(folder);
}

std::string damage_of(const Entry& entry, Inspection inspection, const DigestProgress& progress) {
  for (const EntryFile& file : entry.files) {
    try {
      std::string damage = damage_of_file(entry.folder / file.name, file, inspection, progress);
      if (!damage.empty()) return damage;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      return fmt::format("{}: {}", file.name, error.message());
    }
  }
  return {};
}

void touch(const Entry& entry) {
  // A cache that is shared for reading only keeps no times of use.
  if (utimensat(AT_FDCWD, (entry.folder / kEntryFile).c_str(), nullptr, 0) != 0) errno = 0;
}

}  // namespace tessera::artefacts
