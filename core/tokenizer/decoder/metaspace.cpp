#include "core/tokenizer/decoder/metaspace.hpp"

namespace tessera::tokenizer {
namespace {

class MetaspaceStep final : public DecodeStep {
 public:
  MetaspaceStep(DecodeStep& next, const std::string& replacement, bool drops_marks)
      : next_(next), replacement_(replacement), drops_marks_(drops_marks) {}

  void text(std::string_view part) override {
    size_t at = 0;
    for (size_t mark = part.find(replacement_); mark != part.npos; mark = part.find(replacement_, at)) {
      next_.text(part.substr(at, mark - at));
      if (!drops_marks_) next_.text(" ");
      at = mark + replacement_.size();
    }
    next_.text(part.substr(at));
  }
  void end_token() override {
    drops_marks_ = false;
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  DecodeStep& next_;
  const std::string& replacement_;
  bool drops_marks_;  // in the first token
};

}  // namespace

std::unique_ptr<DecodeStep> MetaspaceDecoder::start(DecodeStep& next) const {
  return std::make_unique<MetaspaceStep>(next, replacement_, prepends_);
}

}  // namespace tessera::tokenizer
