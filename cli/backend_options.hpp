/// Options of a backend, whose names are written with dashes or underscores.
#pragma once

#include <string>
#include <string_view>

#include "tessera/engine_settings.hpp"

namespace tessera::cli {

std::string with_dashes(std::string name);

/// The value of the first option of that name, which has dashes; null: there is none.
const std::string* find_option(const BackendOptions& options, std::string_view name);

}  // namespace tessera::cli
