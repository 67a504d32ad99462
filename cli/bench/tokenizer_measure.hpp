/// What `tessera bench --tokenizer` measures: loading, and encoding on one core.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace tessera::cli {

struct TokenizerPlan {
  std::string model;  ///< folder or id
  std::string text;   ///< UTF-8; cut into documents, what is left over is not used
  int64_t repetitions;
  std::stop_token cancel;
};

struct TokenizerReport {
  static constexpr size_t kDocumentCharacters = 4000;

  std::string label, processor;
  int64_t vocab_size;
  size_t documents, bytes;       ///< of a repetition
  int64_t tokens;                ///< of a repetition, special tokens included
  std::vector<double> load_ms;   ///< one per repetition, page cache as it was
  std::vector<double> mb_per_s;  ///< one per repetition; 10^6 bytes of text
  double best_load_ms, best_mb_per_s;
};

/// Each repetition loads the tokenizer anew, so that no word is known from the one before, and encodes all
/// documents once, one after the other. Throws Error kInvalidArgument when the text is shorter than a
/// document; kCancelled.
TokenizerReport measure_tokenizer(const TokenizerPlan& plan);

/// `form` as for format_report.
std::string format_report(const TokenizerReport& report, std::string_view form);

}  // namespace tessera::cli
