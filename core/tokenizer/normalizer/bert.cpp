#include "core/tokenizer/normalizer/bert.hpp"

#include <algorithm>

#include "core/tokenizer/normalizer/lowercase.hpp"
#include "core/tokenizer/normalizer/unicode_form.hpp"
#include "core/tokenizer/text/change_list.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {
namespace {

/// Tab and line ends are white space here, other controls (U+000B, U+0085 too) are controls.
bool is_cleaned_away(char32_t c) noexcept {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == 0 || c == 0xFFFD || is_control_or_format(c);
}

/// The blocks that BERT calls Chinese.
bool is_ideograph(char32_t c) noexcept {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

void clean(AlignedText& text) {
  map_characters(text, [](std::string& out, char32_t c) {
    if (!is_cleaned_away(c)) append_utf8(out, is_whitespace(c) ? U' ' : c);
  });
}

void surround_ideographs(AlignedText& text) {
  std::vector<Change> changes;
  bool any = false;
  const std::string_view old = text.text();
  for (size_t at = 0; at < old.size();) {
    const CodePoint c = decode_utf8(old, at);
    const bool ideograph = is_ideograph(c.value);
    // All three stand for the ideograph.
    if (ideograph) changes.insert(changes.end(), {{U' ', 0}, {c.value, 1}, {U' ', 1}});
    if (!ideograph) changes.push_back({c.value, 0});
    any |= ideograph;
    at += c.length;
  }
  if (any) apply_changes(text, changes);
}

void strip_accents(AlignedText& text) {
  UnicodeForm(UnicodeForm::kNfd).normalize(text);
  map_characters(text, [](std::string& out, char32_t c) {
    if (!is_nonspacing_mark(c)) append_utf8(out, c);
  });
}

}  // namespace

void BertNormalizer::normalize(AlignedText& text) const {
  const std::string_view old = text.text();
  if (std::none_of(old.begin(), old.end(), [](char byte) { return byte & 0x80; }))
    return normalize_ascii(text);
  if (config_.clean_text) clean(text);
  if (config_.handle_chinese_chars) surround_ideographs(text);
  if (config_.strip_accents) strip_accents(text);
  if (config_.lowercase) Lowercase().normalize(text);
}

/// All steps at once: of ASCII only controls, white space and capitals change.
void BertNormalizer::normalize_ascii(AlignedText& text) const {
  const std::string_view old = text.text();
  TextEdit edit(text);
  for (size_t at = 0; at < old.size(); ++at) {
    char c = old[at];
    const auto code = static_cast<unsigned char>(c);
    if (config_.clean_text) {
      if (is_cleaned_away(code)) continue;
      if (kAsciiClass[code] == CharClass::kWhitespace) c = ' ';
    }
    if (config_.lowercase && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    edit.write(c, at);
  }
  edit.commit();
}

}  // namespace tessera::tokenizer
