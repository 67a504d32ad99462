#include <fmt/format.h>
#include <oniguruma.h>

#include <mutex>

#include "core/tokenizer/text/pattern.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

const OnigUChar* bytes(const char* text) {
  return reinterpret_cast<const OnigUChar*>(text);
}

std::string error_text(int code, OnigErrorInfo* info) {
  OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int length = onig_error_code_to_str(buffer, code, info);
  return std::string(reinterpret_cast<const char*>(buffer), static_cast<size_t>(length));
}

/// Compiling uses tables of the library that it fills on first use; searching uses none.
std::mutex& compile_mutex() {
  static std::mutex mutex;
  return mutex;
}

regex_t* compile(const std::string& expression) {
  const std::lock_guard lock(compile_mutex());
  static const int initialized = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
  }();
  regex_t* regex = nullptr;
  OnigErrorInfo info{};
  int code = initialized;
  if (code == ONIG_NORMAL) {
    const char* begin = expression.data();
    code = onig_new(&regex, bytes(begin), bytes(begin + expression.size()), ONIG_OPTION_NONE,
                    ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &info);
  }
  if (code == ONIG_NORMAL) return regex;
  throw Error(ErrorCode::kCorruptData, fmt::format("regular expression '{}' does not compile: {}", expression,
                                                   error_text(code, &info)));
}

class OnigurumaPattern final : public Pattern {
 public:
  explicit OnigurumaPattern(const std::string& expression)
      : expression_(expression), regex_(compile(expression)) {}
  ~OnigurumaPattern() override { onig_free(regex_); }
  OnigurumaPattern(const OnigurumaPattern&) = delete;
  OnigurumaPattern& operator=(const OnigurumaPattern&) = delete;

  void find(std::string_view text, std::vector<Span>& matches) const override {
    const std::unique_ptr<OnigRegion, void (*)(OnigRegion*)> region(
        onig_region_new(), [](OnigRegion* r) { onig_region_free(r, 1); });
    size_t at = 0;
    size_t last_end = SIZE_MAX;
    while (at <= text.size() && search(text, at, region.get())) {
      const auto begin = static_cast<size_t>(region->beg[0]), end = static_cast<size_t>(region->end[0]);
      if (begin == end && end == last_end) {
        at += at < text.size() ? utf8_length(static_cast<unsigned char>(text[at])) : 1;
        continue;
      }
      matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      at = last_end = end;
    }
  }

 private:
  bool search(std::string_view text, size_t from, OnigRegion* region) const {
    const OnigUChar* begin = bytes(text.data());
    const OnigUChar* end = begin + text.size();
    const auto code = onig_search(regex_, begin, end, begin + from, end, region, ONIG_OPTION_NONE);
    if (code >= 0) return true;
    if (code == ONIG_MISMATCH) return false;
    throw Error(ErrorCode::kNotSupported,
                fmt::format("regular expression '{}' gave up on a text of {} bytes: {}", expression_,
                            text.size(), error_text(code, nullptr)));
  }

  std::string expression_;
  regex_t* regex_;
};

}  // namespace

std::unique_ptr<Pattern> oniguruma_pattern(const std::string& expression) {
  return std::make_unique<OnigurumaPattern>(expression);
}

}  // namespace tessera::tokenizer
