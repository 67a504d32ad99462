/// A shared library read as data, before any of its code runs.
///
/// Only what the loader itself reads is looked at (program headers and the dynamic section), so a stripped
/// file is fine; and only those pages are touched. Every range is checked: a damaged file is an error, never
/// a crash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

namespace tessera::plugin {

class ElfFile {
 public:
  /// Maps the file and checks that this process could load it: a regular file, ELF, a shared library of this
  /// machine, and every loadable segment inside the file (a truncated library is a SIGBUS inside dlopen).
  /// Throws kNotFound, kIo, kInvalidArgument (no regular file, no shared library), kNotSupported (other
  /// machine) or kCorruptData; each names the file.
  explicit ElfFile(const std::filesystem::path& path);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  /// Names of the functions and data that it exports. Views into the file.
  std::vector<std::string_view> exported_symbols() const;
  /// The sonames of libraries that it needs ("libprotobuf.so.32"). Views into the file.
  std::vector<std::string_view> needed_libraries() const;
  /// True when the bytes occur anywhere in the file; reads all of it.
  bool contains(std::string_view bytes) const;

 private:
  struct Dynamic;  // the tables that the dynamic section points to

  template <class T>
  T at(uint64_t offset) const;
  uint64_t file_offset(uint64_t address) const;
  std::string_view text(const Dynamic& dynamic, uint64_t index) const;
  uint64_t symbol_count(const Dynamic& dynamic) const;
  Dynamic dynamic() const;
  void check_header() const;
  void check_segments() const;
  std::vector<Elf64_Phdr> segments() const;
  [[noreturn]] void damaged(const std::string& what) const;

  std::filesystem::path path_;
  const unsigned char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace tessera::plugin
