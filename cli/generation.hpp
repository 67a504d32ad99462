/// What `generate` and `run` share once the settings are known.
#pragma once

#include "cli/arguments.hpp"
#include "core/config/config.hpp"

namespace tessera::cli {

/// The settings of a generation but those of its output, grouped for the help.
void add_generation_settings(Arguments& arguments);

/// The settings that say how tokens are chosen, under their heading of the help.
void add_sampling_settings(Arguments& arguments);

/// Loads, compiles, generates and prints as the settings say. Returns the exit code.
int generate_and_print(const Config& config);

}  // namespace tessera::cli
