/// For which processors a library was built: the loader of glibc says "no such file" of one for others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tessera::qaic {

/// The field e_machine of an ELF file; nullopt for a file that is none or cannot be read.
std::optional<uint16_t> elf_machine(const std::filesystem::path& file);

/// Of the running program; nullopt where /proc is missing.
std::optional<uint16_t> own_elf_machine();

/// "AArch64", "machine 243".
std::string elf_machine_name(uint16_t machine);

}  // namespace tessera::qaic
