/// What can be said of a plugin file before any of its code runs; dlopen would answer most of it with a
/// crash.
#pragma once

#include <filesystem>
#include <string>

namespace tessera::plugin {

/// The soname of the protobuf library that this process has loaded ("libprotobuf.so.32"); empty = none yet.
std::string loaded_protobuf();

/// Throws what `ElfFile` throws, and, each naming the file and what to do:
/// - kInvalidArgument  exports no entry symbol: not a plugin
/// - kVersion          exports the entry symbol of other majors only
/// - kNotSupported     carries its own ONNX descriptors and needs libprotobuf: the second registration of
///                     "onnx/onnx-ml.proto" aborts the process. Or needs another libprotobuf than `protobuf`:
///                     its calls would bind to ours
void preflight(const std::filesystem::path& path, const std::string& protobuf = loaded_protobuf());

}  // namespace tessera::plugin
