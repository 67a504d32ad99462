#include "core/tokenizer/decoder/cleanup.hpp"

#include <array>
#include <utility>

namespace tessera::tokenizer {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void clean_up_spaces(std::string& text) {
  // In this order: each works on what the ones before it left.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules{{
      {" .", "."},
      {" ?", "?"},
      {" !", "!"},
      {" ,", ","},
      {" ' ", "'"},
      {" n't", "n't"},
      {" 'm", "'m"},
      {" do not", " don't"},
      {" 's", "'s"},
      {" 've", "'ve"},
      {" 're", "'re"},
  }};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

}  // namespace tessera::tokenizer
