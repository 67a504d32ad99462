/// Several prompts in one text, as Efficient Transformers' command line takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera::cli {

/// "a|b" as "a" and "b"; the bars of "<|user|>" belong to the token. Empty parts are dropped.
std::vector<std::string> split_prompts(std::string_view text);

}  // namespace tessera::cli
