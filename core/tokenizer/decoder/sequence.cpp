#include "core/tokenizer/decoder/sequence.hpp"

namespace tessera::tokenizer {
namespace {

/// Owns the steps, built from the last to the first, and feeds the first.
class Chain final : public DecodeStep {
 public:
  Chain(const std::vector<std::unique_ptr<Decoder>>& decoders, DecodeStep& next) : first_(&next) {
    for (auto decoder = decoders.rbegin(); decoder != decoders.rend(); ++decoder) {
      steps_.push_back((*decoder)->start(*first_));
      first_ = steps_.back().get();
    }
  }
  void text(std::string_view part) override { first_->text(part); }
  void end_token() override { first_->end_token(); }
  void finish() override { first_->finish(); }

 private:
  std::vector<std::unique_ptr<DecodeStep>> steps_;
  DecodeStep* first_;
};

}  // namespace

std::unique_ptr<DecodeStep> DecoderSequence::start(DecodeStep& next) const {
  return std::make_unique<Chain>(steps_, next);
}

}  // namespace tessera::tokenizer
