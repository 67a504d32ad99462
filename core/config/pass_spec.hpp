/// The text that names a graph pass: "kv-cache", "expose-values:names=hidden.*,other=1".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

/// A graph pass with its options, as a run, a flag or a backend's default list names it.
struct PassSpec {
  std::string id;
  std::vector<std::pair<std::string, std::string>> options;
};

/// Splits "key=value" at the first '='. Throws Error kInvalidArgument when there is none, or no key.
std::pair<std::string, std::string> split_option(std::string_view text);

/// Parses "id" or "id:option=value,option=value"; a part without '=' belongs to the value before it:
/// "inline-functions:keep=a.*,b.*". Throws Error kInvalidArgument.
PassSpec parse_pass(std::string_view text);

}  // namespace tessera
