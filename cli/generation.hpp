/// What `generate` and `run` share once the settings are known.
#pragma once

#include "core/config/config.hpp"

namespace tessera::cli {

/// Loads, compiles, generates and prints as the settings say. Returns the exit code.
int generate_and_print(const Config& config);

}  // namespace tessera::cli
