#include "core/tokenizer/decoder/byte_fallback.hpp"

#include <charconv>

#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

/// The byte of a token <0xNN>, else -1.
int fallback_byte(std::string_view token) noexcept {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
  unsigned byte = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 ? static_cast<int>(byte) : -1;
}

class ByteFallbackStep final : public WholeTokenStep {
 public:
  using WholeTokenStep::WholeTokenStep;

  void finish() override {
    release();
    next_.finish();
  }

 private:
  void token(std::string& token) override {
    const int byte = fallback_byte(token);
    if (byte >= 0) {
      run_ += static_cast<char>(byte);
    } else {
      release();
      emit(token);
    }
  }

  void release() {
    if (run_.empty()) return;
    if (find_invalid_utf8(run_) == std::string_view::npos) {
      emit(run_);
    } else {
      for (size_t i = 0; i < run_.size(); ++i) emit(kReplacementCharacter);
    }
    run_.clear();
  }

  std::string run_;
};

}  // namespace

std::unique_ptr<DecodeStep> ByteFallbackDecoder::start(DecodeStep& next) const {
  return std::make_unique<ByteFallbackStep>(next);
}

}  // namespace tessera::tokenizer
