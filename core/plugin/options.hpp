/// Options that the user gives to a plugin, and those that a plugin declares.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/options.hpp"

namespace tessera::plugin {

/// Name and value as the user wrote them; the plugin parses the value by the type that it declared.
using OptionList = std::vector<std::pair<std::string, std::string>>;

/// The C form; borrows from `options`.
inline std::vector<tsr_option> to_c(const OptionList& options) {
  std::vector<tsr_option> c;
  for (const auto& [name, value] : options) c.push_back({sdk::borrow(name), sdk::borrow(value)});
  return c;
}

/// Declared options as they are listed for users.
inline std::vector<sdk::OptionInfo> declared_options(const tsr_option_info* const* options, uint64_t count) {
  std::vector<sdk::OptionInfo> declared;
  for (uint64_t i = 0; i < count; ++i) {
    const auto info = sdk::receive_table(options[i], "tsr_option_info");
    declared.push_back({std::string(sdk::view(info.name)), static_cast<sdk::ValueType>(info.type),
                        std::string(sdk::view(info.default_text)), std::string(sdk::view(info.help))});
  }
  return declared;
}

}  // namespace tessera::plugin
