#include "core/plugin/preflight.hpp"

#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/plugin/elf_file.hpp"
#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"

namespace tessera::plugin {
namespace {

constexpr std::string_view kProtobuf = "libprotobuf.so";
constexpr std::string_view kEntryFamily = "tessera_plugin_v";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

void check_entry(const ElfFile& file, const std::string& path) {
  std::string others;
  for (std::string_view name : file.exported_symbols()) {
    if (name == TSR_ENTRY_SYMBOL) return;
    if (starts_with(name, kEntryFamily)) others.append(others.empty() ? "" : ", ").append(name);
  }
  if (!others.empty())
    throw Error(ErrorCode::kVersion,
                fmt::format("the plugin speaks another major version of the ABI: it exports {}, "
                            "this host calls {}",
                            others, TSR_ENTRY_SYMBOL))
        .file(path)
        .remedy("install the plugin that belongs to this version of tessera");
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("not a plugin of tessera: it does not export {}", TSR_ENTRY_SYMBOL))
      .file(path)
      .remedy("define the entry with TESSERA_PLUGIN and link with the version script plugin.map");
}

/// A serialized FileDescriptorProto begins with field 1, the name: 0x0A, length, text.
bool carries_onnx_descriptors(const ElfFile& file) {
  for (std::string_view name :
       {"onnx/onnx-ml.proto", "onnx/onnx-data.proto", "onnx/onnx-operators-ml.proto", "onnx/onnx.proto"}) {
    std::string descriptor = {'\x0A', static_cast<char>(name.size())};
    if (file.contains(descriptor.append(name))) return true;
  }
  return false;
}

void check_protobuf(const ElfFile& file, const std::string& path, const std::string& ours) {
  const std::vector<std::string_view> needed = file.needed_libraries();
  const auto found = std::find_if(needed.begin(), needed.end(),
                                  [](std::string_view name) { return starts_with(name, kProtobuf); });
  if (found == needed.end()) return;
  if (!ours.empty() && *found != ours)
    throw Error(ErrorCode::kNotSupported,
                fmt::format("the plugin needs {}, this process has {}: its calls would reach "
                            "the wrong one",
                            *found, ours))
        .file(path)
        .remedy("build the plugin with " + ours + ", or without protobuf (tessera/sdk/wire.hpp)");
  if (carries_onnx_descriptors(file))
    throw Error(
        ErrorCode::kNotSupported,
        fmt::format(
            "the plugin carries its own ONNX descriptors and needs {}: registering them a second time "
            "would abort the process",
            *found))
        .file(path)
        .remedy("link the shared libonnx_proto, use protobuf lite, or read models with tessera/sdk/wire.hpp");
}

}  // namespace

std::string loaded_protobuf() {
  std::string soname;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        const std::string_view path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
        const std::string_view name = path.substr(path.rfind('/') + 1);
        // The file may have the full version in its name (libprotobuf.so.32.0.12); the soname is what was
        // asked for, and the loader keeps that as the last part of the path.
        if (starts_with(name, kProtobuf)) *static_cast<std::string*>(out) = name;
        return 0;
      },
      &soname);
  return soname;
}

void preflight(const std::filesystem::path& path, const std::string& protobuf) {
  const ElfFile file(path);
  check_entry(file, path.native());
  check_protobuf(file, path.native(), protobuf);
}

}  // namespace tessera::plugin
