#include "cli/prompt_list.hpp"

namespace tessera::cli {

std::vector<std::string> split_prompts(std::string_view text) {
  std::vector<std::string> prompts;
  size_t start = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size()) {
      const bool of_token = (at > 0 && text[at - 1] == '<') || (at + 1 < text.size() && text[at + 1] == '>');
      if (text[at] != '|' || of_token) continue;
    }
    if (at > start) prompts.emplace_back(text.substr(start, at - start));
    start = at + 1;
  }
  return prompts;
}

}  // namespace tessera::cli
