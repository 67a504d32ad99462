#include "core/tokenizer/text/known_patterns.hpp"

#include <algorithm>

#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

/// Walks a text by classes of characters. Positions are bytes.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end(size_t at) const noexcept { return at >= text_.size(); }
  char byte(size_t at) const noexcept { return at < text_.size() ? text_[at] : '\0'; }

  /// Class of the character at `at`, which is not the end; `length` gets its length in bytes.
  CharClass class_at(size_t at, size_t& length) const noexcept {
    const auto lead = static_cast<unsigned char>(text_[at]);
    if (lead < 0x80) {
      length = 1;
      return kAsciiClass[lead];
    }
    const CodePoint c = decode_utf8(text_, at);
    length = c.length;
    return char_class_beyond_ascii(c.value);
  }
  bool is(size_t at, CharClass wanted) const noexcept {
    size_t length;
    return !at_end(at) && class_at(at, length) == wanted;
  }
  /// End of the run of `wanted` characters at `at`, of at most `limit` characters.
  size_t run_end(size_t at, CharClass wanted, size_t limit = SIZE_MAX) const noexcept {
    size_t length;
    for (; limit > 0 && !at_end(at) && class_at(at, length) == wanted; --limit) at += length;
    return at;
  }
  size_t line_ends(size_t at) const noexcept {
    while (!at_end(at) && is_line_end(text_[at])) ++at;
    return at;
  }
  static bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }

  /// `\s+(?!\S)|\s+` for the run of white space [at, end): all of it at the end of the text, else all but its
  /// last character, which belongs to what follows, unless it is the only one.
  size_t white_space_end(size_t at, size_t end) const noexcept {
    if (at_end(end)) return end;
    const size_t last = previous_utf8(text_, end);
    return last > at ? last : end;
  }

  std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// Length of `'s 't 're 've 'm 'll 'd` at `at`, which holds the apostrophe; 0 if there is none.
size_t contraction(const Scanner& scan, size_t at) noexcept {
  const char first = scan.byte(at + 1), second = scan.byte(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
    return 3;
  return 0;
}

char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// The same in any case. U+017F, the long s, is an s of another case too.
size_t contraction_any_case(const Scanner& scan, size_t at) noexcept {
  const char first = ascii_lower(scan.byte(at + 1)), second = ascii_lower(scan.byte(at + 2));
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
    return 3;
  return scan.text().substr(at + 1, 2) == "\xC5\xBF" ? 3 : 0;
}

class Gpt2Pattern final : public Pattern {
 public:
  void find(std::string_view text, std::vector<Span>& matches) const override {
    const Scanner scan(text);
    for (size_t at = 0; !scan.at_end(at);) {
      const size_t end = match_end(scan, at);
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
      at = end;
    }
  }

 private:
  static size_t match_end(const Scanner& scan, size_t at) noexcept {
    size_t length;
    if (scan.byte(at) == '\'') {
      if (const size_t taken = contraction(scan, at)) return at + taken;
    }
    const size_t word = scan.byte(at) == ' ' ? at + 1 : at;
    if (!scan.at_end(word)) {
      const CharClass kind = scan.class_at(word, length);
      if (kind != CharClass::kWhitespace) return scan.run_end(word + length, kind);
    }
    return scan.white_space_end(at, scan.run_end(at, CharClass::kWhitespace));
  }
};

class Llama3Pattern final : public Pattern {
 public:
  explicit Llama3Pattern(size_t digits) : digits_(digits) {}

  void find(std::string_view text, std::vector<Span>& matches) const override {
    const Scanner scan(text);
    for (size_t at = 0; !scan.at_end(at);) {
      const size_t end = match_end(scan, at);
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
      at = end;
    }
  }

 private:
  size_t match_end(const Scanner& scan, size_t at) const noexcept {
    if (scan.byte(at) == '\'') {
      if (const size_t taken = contraction_any_case(scan, at)) return at + taken;
    }
    size_t length;
    const CharClass kind = scan.class_at(at, length);
    if (kind == CharClass::kLetter) return scan.run_end(at + length, CharClass::kLetter);
    if (kind == CharClass::kNumber) return scan.run_end(at, CharClass::kNumber, digits_);
    if (!Scanner::is_line_end(scan.byte(at)) && scan.is(at + length, CharClass::kLetter)) {
      return scan.run_end(at + length, CharClass::kLetter);
    }
    const size_t symbols = scan.byte(at) == ' ' ? at + 1 : at;
    if (scan.is(symbols, CharClass::kOther)) return scan.line_ends(scan.run_end(symbols, CharClass::kOther));
    return white_space_with_lines(scan, at);
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`: white space up to its last line end if it has one.
  static size_t white_space_with_lines(const Scanner& scan, size_t at) noexcept {
    const size_t end = scan.run_end(at, CharClass::kWhitespace);
    for (size_t back = end; back > at; --back) {
      if (Scanner::is_line_end(scan.byte(back - 1))) return back;
    }
    return scan.white_space_end(at, end);
  }

  size_t digits_;
};

void add_match(size_t begin, size_t end, std::vector<Span>& matches) {
  if (begin < end) matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
}

class OuterSpacesPattern final : public Pattern {
 public:
  void find(std::string_view text, std::vector<Span>& matches) const override {
    const size_t begin = std::min(text.find_first_not_of(' '), text.size());
    add_match(0, begin, matches);
    if (begin < text.size()) add_match(text.find_last_not_of(' ') + 1, text.size(), matches);
  }
};

class SpaceRunPattern final : public Pattern {
 public:
  void find(std::string_view text, std::vector<Span>& matches) const override {
    size_t end = 0;
    for (size_t at = text.find("  "); at != text.npos; at = text.find("  ", end)) {
      end = std::min(text.find_first_not_of(' ', at), text.size());
      add_match(at, end, matches);
    }
  }
};

class LeadingMarkPattern final : public Pattern {
 public:
  void find(std::string_view text, std::vector<Span>& matches) const override {
    constexpr std::string_view kMark = "▁";
    if (text.substr(0, kMark.size()) == kMark) add_match(0, kMark.size(), matches);
  }
};

}  // namespace

std::unique_ptr<Pattern> known_pattern(std::string_view expression) {
  if (expression == kGpt2Pattern) return std::make_unique<Gpt2Pattern>();
  if (expression == kLlama3Pattern) return std::make_unique<Llama3Pattern>(3);
  if (expression == kQwen2Pattern) return std::make_unique<Llama3Pattern>(1);
  if (expression == kOuterSpacesPattern) return std::make_unique<OuterSpacesPattern>();
  if (expression == kSpaceRunPattern) return std::make_unique<SpaceRunPattern>();
  if (expression == kLeadingMarkPattern) return std::make_unique<LeadingMarkPattern>();
  return nullptr;
}

}  // namespace tessera::tokenizer
