#include "core/tokenizer/decoder/ctc.hpp"

#include <optional>

#include "core/tokenizer/decoder/cleanup.hpp"

namespace tessera::tokenizer {
namespace {

class CtcStep final : public WholeTokenStep {
 public:
  CtcStep(DecodeStep& next, const std::string& pad_token, const std::string& word_delimiter_token,
          bool cleanup)
      : WholeTokenStep(next),
        pad_token_(pad_token),
        word_delimiter_token_(word_delimiter_token),
        cleanup_(cleanup) {}

 private:
  void token(std::string& token) override {
    if (previous_ == token) return;
    previous_ = token;
    replace_all(token, pad_token_, "");
    if (cleanup_) {
      clean_up_spaces(token);
      replace_all(token, word_delimiter_token_, " ");
    }
    if (!token.empty()) emit(token);
  }

  const std::string& pad_token_;
  const std::string& word_delimiter_token_;
  bool cleanup_;
  std::optional<std::string> previous_;
};

}  // namespace

std::unique_ptr<DecodeStep> CtcDecoder::start(DecodeStep& next) const {
  return std::make_unique<CtcStep>(next, pad_token_, word_delimiter_token_, cleanup_);
}

}  // namespace tessera::tokenizer
