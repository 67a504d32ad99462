#include "core/tokenizer/decoder/byte_level.hpp"

#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

class ByteLevelStep final : public WholeTokenStep {
 public:
  using WholeTokenStep::WholeTokenStep;

  void finish() override {
    release(Tail::kReplace);
    next_.end_token();
    next_.finish();
  }

 private:
  void token(std::string& token) override {
    const auto bytes = bytes_of_text(token);
    pending_ += bytes ? *bytes : token;
    release(Tail::kKeep);
  }

  void release(Tail tail) {
    std::string text;
    const size_t read = append_lossy_utf8(text, pending_, tail);
    pending_.erase(0, read);
    next_.text(text);
  }

  std::string pending_;  // at most the beginning of one character between tokens
};

}  // namespace

std::unique_ptr<DecodeStep> ByteLevelDecoder::start(DecodeStep& next) const {
  return std::make_unique<ByteLevelStep>(next);
}

}  // namespace tessera::tokenizer
