#include "core/config/pass_spec.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"

namespace tessera {

std::pair<std::string, std::string> split_option(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not of the form key=value", text));
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

PassSpec parse_pass(std::string_view text) {
  const size_t colon = text.find(':');
  PassSpec pass{std::string(text.substr(0, colon)), {}};
  if (pass.id.empty()) throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' names no pass", text));
  if (colon == std::string_view::npos) return pass;
  std::string_view rest = text.substr(colon + 1);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    if (part.find('=') == std::string_view::npos && !pass.options.empty())
      pass.options.back().second += "," + std::string(part);  // a list as value
    else
      pass.options.push_back(split_option(part));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return pass;
}

}  // namespace tessera
