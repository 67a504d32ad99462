/// The activation functions of config.json by name.
#pragma once

#include <string>
#include <string_view>

#include "models/blocks/config.hpp"

namespace tessera::blocks {

/// The function of domain `tessera`, or the standard operator, that `key` ("hidden_act") asks for; `fallback`
/// is the class's default. Throws kNotSupported that lists what there is.
std::string read_activation(const Config& config, std::string_view key, std::string_view fallback);

}  // namespace tessera::blocks
