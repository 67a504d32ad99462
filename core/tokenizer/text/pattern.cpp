#include "core/tokenizer/text/pattern.hpp"

#include "core/tokenizer/text/known_patterns.hpp"

namespace tessera::tokenizer {
namespace {

class LiteralPattern final : public Pattern {
 public:
  explicit LiteralPattern(std::string literal) : literal_(std::move(literal)) {}

  void find(std::string_view text, std::vector<Span>& matches) const override {
    for (size_t at = text.find(literal_); at != text.npos; at = text.find(literal_, at + literal_.size())) {
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + literal_.size())});
    }
  }

 private:
  std::string literal_;
};

}  // namespace

std::unique_ptr<Pattern> literal_pattern(std::string literal) {
  return std::make_unique<LiteralPattern>(std::move(literal));
}

std::unique_ptr<Pattern> regex_pattern(const std::string& expression) {
  if (auto known = known_pattern(expression)) return known;
  return oniguruma_pattern(expression);
}

}  // namespace tessera::tokenizer
