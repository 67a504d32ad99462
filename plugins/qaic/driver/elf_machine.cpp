#include "elf_machine.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <fstream>

namespace tessera::qaic {

std::optional<uint16_t> elf_machine(const std::filesystem::path& file) {
  // e_ident, e_type and e_machine lie alike in 32-bit and 64-bit files.
  char header[EI_NIDENT + 4];
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(header, sizeof header) || std::memcmp(header, ELFMAG, SELFMAG) != 0) return std::nullopt;
  const auto low = static_cast<unsigned char>(header[EI_NIDENT + 2]);
  const auto high = static_cast<unsigned char>(header[EI_NIDENT + 3]);
  const bool little = header[EI_DATA] == ELFDATA2LSB;
  return static_cast<uint16_t>(little ? low | high << 8 : high | low << 8);
}

std::optional<uint16_t> own_elf_machine() {
  return elf_machine("/proc/self/exe");
}

std::string elf_machine_name(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "x86 (32 bit)";
    case EM_ARM:
      return "Arm (32 bit)";
    default:
      return fmt::format("machine {}", machine);
  }
}

}  // namespace tessera::qaic
