#include "cli/backend_options.hpp"

#include <algorithm>

namespace tessera::cli {

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

const std::string* find_option(const BackendOptions& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const auto& option) { return with_dashes(option.first) == name; });
  return found == options.end() ? nullptr : &found->second;
}

}  // namespace tessera::cli
