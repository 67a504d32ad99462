/// The name of this machine's processor, to stand beside every figure.
#pragma once

#include <string>

namespace tessera::cli {

/// As /proc/cpuinfo has it; "unknown" where it has none.
std::string processor_name();

}  // namespace tessera::cli
