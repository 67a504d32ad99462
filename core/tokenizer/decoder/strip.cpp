#include "core/tokenizer/decoder/strip.hpp"

#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

/// Characters leave as they come, but for those that may be the end to strip.
class StripStep final : public DecodeStep {
 public:
  StripStep(DecodeStep& next, const std::string& content, size_t start, size_t stop)
      : next_(next), content_(content), start_(start), stop_(stop), left_at_front_(start) {}

  void text(std::string_view part) override {
    while (left_at_front_ > 0 && !part.empty()) {
      if (part.substr(0, content_.size()) != content_) {
        left_at_front_ = 0;
        break;
      }
      part.remove_prefix(content_.size());
      --left_at_front_;
    }
    if (part.empty()) return;
    if (stop_ == 0) return next_.text(part);
    held_ += part;
    release_all_but_end();
  }

  void end_token() override {
    next_.text(std::string_view(held_).substr(0, end_to_strip()));
    next_.end_token();
    held_.clear();
    left_at_front_ = start_;
  }
  void finish() override { next_.finish(); }

 private:
  /// Where the run of at most `stop` stripped characters at the end of what is held begins.
  size_t end_to_strip() const {
    size_t end = held_.size();
    for (size_t i = 0; i < stop_ && end > 0; ++i) {
      const size_t last = previous_utf8(held_, end);
      if (std::string_view(held_).substr(last, end - last) != content_) break;
      end = last;
    }
    return end;
  }
  void release_all_but_end() {
    const size_t end = end_to_strip();
    next_.text(std::string_view(held_).substr(0, end));
    held_.erase(0, end);
  }

  DecodeStep& next_;
  const std::string& content_;
  size_t start_, stop_;
  size_t left_at_front_;
  std::string held_;
};

}  // namespace

std::unique_ptr<DecodeStep> StripDecoder::start(DecodeStep& next) const {
  return std::make_unique<StripStep>(next, content_, start_, stop_);
}

}  // namespace tessera::tokenizer
