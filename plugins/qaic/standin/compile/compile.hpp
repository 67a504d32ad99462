/// What the stand-in compiler does: an ONNX model and its files to programqpc.bin.
#pragma once

#include <functional>
#include <string>

#include "command_line.hpp"

namespace tessera::qaic::standin {

/// Keys of the graph's metadata by which the stand-in library knows how to run it.
inline constexpr const char* kPrecisionKey = "standin.precision";  ///< "fp16" or "fp32"
inline constexpr const char* kDevicesKey = "standin.devices";      ///< how many the program needs
inline constexpr const char* kMxint8Key = "standin.mxint8";        ///< states kept so, a name a line

/// Takes a line about what is being done.
using Say = std::function<void(const std::string&)>;

/// Writes <binary_dir>/programqpc.bin; the folder must not exist. Throws Error; then nothing is left there.
void compile(const CommandLine& line, const Say& say);

}  // namespace tessera::qaic::standin
