/// A folder that appears complete or not at all, and the plain file calls to fill it.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace tessera::graph {

/// "No space left on device".
std::string system_text(int error);

/// Throws kOutOfMemory for a full disk, else kIo, with the path and what errno says.
[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& path, int error);

/// An open file; closed at the latest with this object.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, const char* doing);
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }
  /// Some file systems tell only here that there was no room.
  void close(const std::filesystem::path& path);

 private:
  int fd_;
};

/// All of `bytes`, at the file's position.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// A new file of these bytes.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Made beside its target and renamed at the end; gone again unless it is kept. Missing parents are made.
class GrowingFolder {
 public:
  /// Throws kInvalidArgument when `target` exists and is no empty folder.
  explicit GrowingFolder(const std::filesystem::path& target);
  GrowingFolder(const GrowingFolder&) = delete;
  GrowingFolder& operator=(const GrowingFolder&) = delete;
  ~GrowingFolder();

  const std::filesystem::path& path() const { return path_; }
  /// Puts it in the place of its target.
  void keep();

 private:
  void refuse_taken() const;
  void make_parents();
  void remove_parents() const;

  std::filesystem::path target_, path_, first_parent_made_;
  bool kept_ = false;
};

}  // namespace tessera::graph
