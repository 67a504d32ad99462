#include "core/plugin/elf_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "tessera/sdk/error.hpp"

namespace tessera::plugin {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "name this machine's ELF number here"
#endif

const char* machine_name(Elf64_Half machine) {
  switch (machine) {
    case EM_386:
      return "x86 (32 bit)";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "arm (32 bit)";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    default:
      return "another machine";
  }
}

constexpr const char* kReinstall = "install it again; write the new file beside the old and rename it";
constexpr const char* kWantsLibrary = "name the .so file that the plugin's build made";

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// A file descriptor that is closed at the end of the scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

struct ElfFile::Dynamic {
  uint64_t symbols = 0, strings = 0, strings_size = 0;  // offsets in the file, bytes
  uint64_t hash = 0, gnu_hash = 0;                      // offsets; 0 = none
  std::vector<uint64_t> needed;                         // indices into the strings
};

ElfFile::ElfFile(const std::filesystem::path& path) : path_(path) {
  struct stat info {};
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0 && errno == ENOENT)
    throw Error(ErrorCode::kNotFound, "no such plugin file").file(path.native()).remedy("check the path");
  if (file.number < 0 || ::fstat(file.number, &info) != 0)
    throw Error(ErrorCode::kIo, "cannot open the plugin: " + reason(errno)).file(path.native());
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::kInvalidArgument, "not a regular file").file(path.native()).remedy(kWantsLibrary);
  size_ = static_cast<uint64_t>(info.st_size);
  if (size_ < sizeof(Elf64_Ehdr))
    throw Error(ErrorCode::kInvalidArgument, fmt::format("not an ELF shared library ({} bytes long)", size_))
        .file(path.native())
        .remedy(kWantsLibrary);
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (mapped == MAP_FAILED)
    throw Error(ErrorCode::kIo, "cannot map the plugin: " + reason(errno)).file(path.native());
  data_ = static_cast<const unsigned char*>(mapped);
  try {
    check_header();
    check_segments();
  } catch (...) {
    ::munmap(mapped, size_);
    throw;
  }
}

ElfFile::~ElfFile() {
  ::munmap(const_cast<unsigned char*>(data_), size_);
}

void ElfFile::damaged(const std::string& what) const {
  throw Error(ErrorCode::kCorruptData, what).file(path_.native()).remedy(kReinstall);
}

template <class T>
T ElfFile::at(uint64_t offset) const {
  if (offset > size_ || size_ - offset < sizeof(T))
    damaged(fmt::format("the file is damaged: it refers to byte {} and ends at {}", offset, size_));
  T value;
  std::memcpy(&value, data_ + offset, sizeof(T));
  return value;
}

void ElfFile::check_header() const {
  const auto header = at<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    throw Error(ErrorCode::kInvalidArgument, "not an ELF shared library")
        .file(path_.native())
        .remedy(kWantsLibrary);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine)
    throw Error(ErrorCode::kNotSupported,
                fmt::format("built for {}, this host is {}",
                            header.e_ident[EI_CLASS] == ELFCLASS64 ? machine_name(header.e_machine)
                                                                   : "a 32-bit machine",
                            machine_name(kMachine)))
        .file(path_.native())
        .remedy("build the plugin for this machine");
  if (header.e_type != ET_DYN)
    throw Error(ErrorCode::kInvalidArgument, "an ELF file, but not a shared library")
        .file(path_.native())
        .remedy(kWantsLibrary);
}

std::vector<Elf64_Phdr> ElfFile::segments() const {
  const auto header = at<Elf64_Ehdr>(0);
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    damaged("the file is damaged: its program headers have another size");
  std::vector<Elf64_Phdr> found;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const uint64_t offset = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (offset < header.e_phoff) damaged("the file is damaged: its program headers lie outside");
    found.push_back(at<Elf64_Phdr>(offset));
  }
  return found;
}

void ElfFile::check_segments() const {
  bool loadable = false;
  for (const Elf64_Phdr& segment : segments()) {
    if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
    loadable |= segment.p_type == PT_LOAD;
    if (segment.p_offset <= size_ && segment.p_filesz <= size_ - segment.p_offset) continue;
    damaged(fmt::format("the file is truncated: a segment of {} bytes begins at byte {}, the file ends at {}",
                        segment.p_filesz, segment.p_offset, size_));
  }
  if (!loadable) damaged("the file is damaged: nothing in it can be loaded");
}

uint64_t ElfFile::file_offset(uint64_t address) const {
  for (const Elf64_Phdr& segment : segments())
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return segment.p_offset + (address - segment.p_vaddr);
  damaged(fmt::format("the file is damaged: address {:#x} is in no segment", address));
}

ElfFile::Dynamic ElfFile::dynamic() const {
  Dynamic found;
  for (const Elf64_Phdr& segment : segments()) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (uint64_t i = 0; i < segment.p_filesz / sizeof(Elf64_Dyn); ++i) {
      const auto entry = at<Elf64_Dyn>(segment.p_offset + i * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_SYMTAB) found.symbols = file_offset(entry.d_un.d_ptr);
      if (entry.d_tag == DT_STRTAB) found.strings = file_offset(entry.d_un.d_ptr);
      if (entry.d_tag == DT_STRSZ) found.strings_size = entry.d_un.d_val;
      if (entry.d_tag == DT_HASH) found.hash = file_offset(entry.d_un.d_ptr);
      if (entry.d_tag == DT_GNU_HASH) found.gnu_hash = file_offset(entry.d_un.d_ptr);
      if (entry.d_tag == DT_NEEDED) found.needed.push_back(entry.d_un.d_val);
    }
  }
  if (found.strings > size_ || found.strings_size > size_ - found.strings)
    damaged("the file is damaged: its names lie outside");
  return found;
}

std::string_view ElfFile::text(const Dynamic& dynamic, uint64_t index) const {
  if (index >= dynamic.strings_size) damaged("the file is damaged: a name lies outside the table of names");
  const char* begin = reinterpret_cast<const char*>(data_) + dynamic.strings + index;
  return std::string_view(begin, ::strnlen(begin, dynamic.strings_size - index));
}

/// The dynamic section does not say how many symbols there are; the hash tables do.
uint64_t ElfFile::symbol_count(const Dynamic& dynamic) const {
  if (dynamic.hash != 0) return at<uint32_t>(dynamic.hash + 4);  // nchain
  if (dynamic.gnu_hash == 0) return 0;
  const auto buckets = at<uint32_t>(dynamic.gnu_hash), first = at<uint32_t>(dynamic.gnu_hash + 4),
             bloom_words = at<uint32_t>(dynamic.gnu_hash + 8);
  const uint64_t bucket_table = dynamic.gnu_hash + 16 + uint64_t{bloom_words} * 8;
  const uint64_t chains = bucket_table + uint64_t{buckets} * 4;
  uint64_t last = 0;
  for (uint64_t i = 0; i < buckets; ++i) last = std::max<uint64_t>(last, at<uint32_t>(bucket_table + i * 4));
  if (last < first) return first;  // nothing is exported
  // The lowest bit of a hash marks the end of its chain.
  while ((at<uint32_t>(chains + (last - first) * 4) & 1) == 0) ++last;
  return last + 1;
}

std::vector<std::string_view> ElfFile::exported_symbols() const {
  const Dynamic tables = dynamic();
  std::vector<std::string_view> names;
  if (tables.symbols == 0) return names;
  const uint64_t count = symbol_count(tables);
  for (uint64_t i = 1; i < count; ++i) {  // symbol 0 is reserved
    const auto symbol = at<Elf64_Sym>(tables.symbols + i * sizeof(Elf64_Sym));
    if (symbol.st_shndx != SHN_UNDEF) names.push_back(text(tables, symbol.st_name));
  }
  return names;
}

std::vector<std::string_view> ElfFile::needed_libraries() const {
  const Dynamic tables = dynamic();
  std::vector<std::string_view> names;
  for (uint64_t index : tables.needed) names.push_back(text(tables, index));
  return names;
}

bool ElfFile::contains(std::string_view bytes) const {
  return ::memmem(data_, size_, bytes.data(), bytes.size()) != nullptr;
}

}  // namespace tessera::plugin
