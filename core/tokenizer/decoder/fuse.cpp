#include "core/tokenizer/decoder/fuse.hpp"

namespace tessera::tokenizer {
namespace {

class FuseStep final : public DecodeStep {
 public:
  explicit FuseStep(DecodeStep& next) : next_(next) {}
  void text(std::string_view part) override { next_.text(part); }
  void end_token() override {}
  void finish() override {
    next_.end_token();
    next_.finish();
  }

 private:
  DecodeStep& next_;
};

}  // namespace

std::unique_ptr<DecodeStep> FuseDecoder::start(DecodeStep& next) const {
  return std::make_unique<FuseStep>(next);
}

}  // namespace tessera::tokenizer
