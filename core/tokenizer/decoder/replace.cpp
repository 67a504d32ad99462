#include "core/tokenizer/decoder/replace.hpp"

namespace tessera::tokenizer {
namespace {

class ReplaceStep final : public WholeTokenStep {
 public:
  ReplaceStep(DecodeStep& next, const Pattern& pattern, const std::string& content)
      : WholeTokenStep(next), pattern_(pattern), content_(content) {}

 private:
  void token(std::string& token) override {
    matches_.clear();
    pattern_.find(token, matches_);
    const std::string_view whole = token;
    size_t at = 0;
    for (const Span match : matches_) {
      next_.text(whole.substr(at, match.begin - at));
      next_.text(content_);
      at = match.end;
    }
    emit(whole.substr(at));
  }

  const Pattern& pattern_;
  const std::string& content_;
  std::vector<Span> matches_;
};

}  // namespace

std::unique_ptr<DecodeStep> ReplaceDecoder::start(DecodeStep& next) const {
  return std::make_unique<ReplaceStep>(next, *pattern_, content_);
}

}  // namespace tessera::tokenizer
