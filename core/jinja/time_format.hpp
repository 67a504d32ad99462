#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace tessera::jinja {

/// strftime in the C locale, whatever the process's locale is: the directives of C, GNU's flag '-' (no
/// padding) and Python's %f (always 000000). Throws Failure for a directive that is not implemented.
std::string format_time(std::string_view format, const std::tm& time);

}  // namespace tessera::jinja
