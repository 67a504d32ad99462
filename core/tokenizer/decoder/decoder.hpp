/// A decoder turns tokens back into text. Each step is written once, as a stream: decoding a whole sequence
/// and decoding it token by token are the same code, so they cannot differ.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tessera::tokenizer {

/// One step at work on one sequence. It is told of tokens from left to right: any number of `text` calls make
/// a token, `end_token` closes it, `finish` closes the sequence. It tells the next step in the same way, as
/// early as it can: what later tokens may still change it holds back. Parts end at character boundaries.
class DecodeStep {
 public:
  virtual ~DecodeStep() = default;
  virtual void text(std::string_view part) = 0;
  virtual void end_token() = 0;
  virtual void finish() = 0;
};

/// Immutable after construction: const methods from any thread.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// A step at the start of a sequence. `next` must outlive it.
  virtual std::unique_ptr<DecodeStep> start(DecodeStep& next) const = 0;
};

/// For steps that treat each token as a whole.
class WholeTokenStep : public DecodeStep {
 public:
  explicit WholeTokenStep(DecodeStep& next) : next_(next) {}

  void text(std::string_view part) final { token_ += part; }
  void end_token() final {
    token(token_);
    token_.clear();
  }
  void finish() override { next_.finish(); }

 protected:
  /// One token; it may be changed.
  virtual void token(std::string& token) = 0;
  /// Hands a whole token on.
  void emit(std::string_view token) {
    next_.text(token);
    next_.end_token();
  }
  DecodeStep& next_;

 private:
  std::string token_;
};

}  // namespace tessera::tokenizer
