/// HTML escaping, as the filters `escape`, `forceescape` and `safe` need it.
#pragma once

#include <string>
#include <string_view>

namespace tessera::jinja {

/// & < > ' " as entities.
std::string escape_markup(std::string_view text);

}  // namespace tessera::jinja
