#include "core/tokenizer/decoder/wordpiece.hpp"

#include "core/tokenizer/decoder/cleanup.hpp"

namespace tessera::tokenizer {
namespace {

class WordPieceStep final : public WholeTokenStep {
 public:
  WordPieceStep(DecodeStep& next, const std::string& prefix, bool cleanup)
      : WholeTokenStep(next), prefix_(prefix), cleanup_(cleanup) {}

 private:
  void token(std::string& token) override {
    if (!first_) {
      if (token.compare(0, prefix_.size(), prefix_) == 0) {
        token.erase(0, prefix_.size());
      } else {
        token.insert(0, " ");
      }
    }
    first_ = false;
    if (cleanup_) clean_up_spaces(token);
    emit(token);
  }

  const std::string& prefix_;
  bool cleanup_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<DecodeStep> WordPieceDecoder::start(DecodeStep& next) const {
  return std::make_unique<WordPieceStep>(next, prefix_, cleanup_);
}

}  // namespace tessera::tokenizer
