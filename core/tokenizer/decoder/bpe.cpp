#include "core/tokenizer/decoder/bpe.hpp"

#include <optional>
#include <utility>

#include "core/tokenizer/decoder/cleanup.hpp"

namespace tessera::tokenizer {
namespace {

class BpeStep final : public WholeTokenStep {
 public:
  BpeStep(DecodeStep& next, const std::string& suffix) : WholeTokenStep(next), suffix_(suffix) {}

  void finish() override {
    if (waiting_) release("");
    next_.finish();
  }

 private:
  void token(std::string& token) override {
    if (waiting_) release(" ");
    waiting_ = std::move(token);
  }
  void release(std::string_view in_place_of_suffix) {
    replace_all(*waiting_, suffix_, in_place_of_suffix);
    emit(*waiting_);
    waiting_.reset();
  }

  const std::string& suffix_;
  std::optional<std::string> waiting_;
};

}  // namespace

std::unique_ptr<DecodeStep> BpeDecoder::start(DecodeStep& next) const {
  return std::make_unique<BpeStep>(next, suffix_);
}

}  // namespace tessera::tokenizer
