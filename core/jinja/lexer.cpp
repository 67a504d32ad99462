#include "core/jinja/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/jinja/string_literal.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

// Longest first: "**" is not two "*".
constexpr std::array<std::string_view, 25> kOperators{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                      "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                      ">",  "<",  "=",  ".",  ":",  "|",  ","};

/// Every line end becomes \n, and one at the very end goes, as Jinja does.
std::string normalized(std::string_view source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_spaces(std::string_view text) {
  return strip_left(text).empty();
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalized(source)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const size_t open = find_open();
      if (open == text_.npos) {
        add_data(text_.substr(at_));
        move_to(text_.size());
        break;
      }
      read_tag(open);
    }
    add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  /// The next "{{", "{%" or "{#".
  size_t find_open() const {
    for (size_t i = text_.find('{', at_); i != text_.npos && i + 1 < text_.size();
         i = text_.find('{', i + 1)) {
      if (text_[i + 1] == '{' || text_[i + 1] == '%' || text_[i + 1] == '#') return i;
    }
    return text_.npos;
  }

  bool looks_at(std::string_view sign) const { return text_.compare(at_, sign.size(), sign) == 0; }

  /// Moves on and keeps count of lines and columns.
  void move_to(size_t end) {
    for (; at_ < end; ++at_) {
      if (text_[at_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((text_[at_] & 0xC0) != 0x80) {
        ++position_.column;
      }
    }
  }

  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), {}, position_}); }
  void add_data(std::string text) {
    if (!text.empty()) add(TokenKind::kData, std::move(text));
  }

  [[noreturn]] void fail(std::string message) const {
    throw Failure(std::move(message), ErrorCode::kCorruptData, position_);
  }

  /// The data in front of a tag, less what the tag strips: '-' all white space, '+' nothing, else
  /// (lstrip_blocks) the indentation of a line on which the tag is the first thing.
  void add_data_before(size_t open, char sign, bool is_variable) {
    std::string_view data = std::string_view(text_).substr(at_, open - at_);
    if (sign == '-') {
      data = strip_right(data);
    } else if (sign != '+' && !is_variable) {
      const size_t line = data.rfind('\n') == data.npos ? 0 : data.rfind('\n') + 1;
      if ((line > 0 || line_starting_) && all_spaces(data.substr(line))) data = data.substr(0, line);
    }
    add_data(std::string(data));
    move_to(open);
  }

  void read_tag(size_t open) {
    const char kind = text_[open + 1];
    const char sign = open + 2 < text_.size() ? text_[open + 2] : '\0';
    const bool strips = sign == '-' || sign == '+';
    add_data_before(open, strips ? sign : '\0', kind == '{');
    const size_t inside = open + (strips ? 3 : 2);
    if (kind == '#') return skip_comment(inside);
    if (kind == '%' && read_raw(inside)) return;
    add(kind == '{' ? TokenKind::kVariableBegin : TokenKind::kBlockBegin, "");
    move_to(inside);
    read_expression(kind == '{');
  }

  /// After the close of a tag: '-' takes all white space behind it, a block or comment (trim_blocks) one line
  /// end, unless it closes with '+'.
  void close(size_t end, char sign, bool is_variable) {
    move_to(end);
    if (sign == '-') {
      const std::string_view rest = std::string_view(text_).substr(at_);
      move_to(at_ + rest.size() - strip_left(rest).size());
    } else if (sign != '+' && !is_variable && at_ < text_.size() && text_[at_] == '\n') {
      move_to(at_ + 1);
    }
    line_starting_ = at_ > 0 && text_[at_ - 1] == '\n';
  }

  void skip_comment(size_t inside) {
    const size_t end = text_.find("#}", inside);
    if (end == text_.npos) fail("Missing end of comment tag");
    const char sign = end > inside ? text_[end - 1] : '\0';
    close(end + 2, sign == '-' || sign == '+' ? sign : '\0', false);
  }

  size_t skip_spaces(size_t at) const {
    const std::string_view rest = std::string_view(text_).substr(at);
    return at + rest.size() - strip_left(rest).size();
  }

  /// The end of a tag "{% word %}" whose inside starts at `inside`, and its closing sign; npos if it is
  /// another.
  std::pair<size_t, char> end_of_word_tag(size_t inside, std::string_view word) const {
    size_t at = skip_spaces(inside);
    if (text_.compare(at, word.size(), word) != 0) return {text_.npos, '\0'};
    at = skip_spaces(at + word.size());
    char sign = '\0';
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) sign = text_[at++];
    if (text_.compare(at, 2, "%}") != 0) return {text_.npos, '\0'};
    return {at + 2, sign};
  }

  /// {% raw %} ... {% endraw %}
  bool read_raw(size_t inside) {
    const auto [begin, begin_sign] = end_of_word_tag(inside, "raw");
    if (begin == text_.npos || begin_sign == '+') return false;
    move_to(begin);
    if (begin_sign == '-') move_to(skip_spaces(at_));
    line_starting_ = text_[at_ - 1] == '\n';
    for (size_t open = text_.find("{%", at_); open != text_.npos; open = text_.find("{%", open + 1)) {
      const char sign = open + 2 < text_.size() ? text_[open + 2] : '\0';
      const bool has_sign = sign == '-' || sign == '+';
      const auto [end, end_sign] = end_of_word_tag(open + (has_sign ? 3 : 2), "endraw");
      if (end == text_.npos) continue;
      add_data_before(open, has_sign ? sign : '\0', false);
      close(end, end_sign, false);
      return true;
    }
    fail("Missing end of raw directive");
  }

  void read_expression(bool is_variable) {
    const std::string_view closing = is_variable ? "}}" : "%}";
    brackets_.clear();
    for (;;) {
      move_to(skip_spaces(at_));
      if (at_ == text_.size()) return;  // the parser tells what is missing
      if (brackets_.empty()) {
        const char sign = text_[at_];
        const bool has_sign = sign == '-' || (sign == '+' && !is_variable);
        if (text_.compare(at_ + (has_sign ? 1 : 0), 2, closing) == 0) {
          add(is_variable ? TokenKind::kVariableEnd : TokenKind::kBlockEnd, "");
          return close(at_ + (has_sign ? 3 : 2), has_sign ? sign : '\0', is_variable);
        }
      }
      read_token();
    }
  }

  void read_token() {
    const char c = text_[at_];
    if (is_ascii_digit(c)) return read_number();
    if (c == '"' || c == '\'') return read_string(c);
    const size_t end = end_of_word();
    if (end > at_) {
      add(TokenKind::kName, text_.substr(at_, end - at_));
      return move_to(end);
    }
    for (const std::string_view sign : kOperators) {
      if (looks_at(sign)) return read_operator(sign);
    }
    const std::u32string rest = code_points(std::string_view(text_).substr(at_, 4));
    std::string shown;
    append_code_point(shown, rest.empty() ? U'?' : rest[0]);
    fail(fmt::format("unexpected char '{}'", shown));
  }

  size_t end_of_word() const {
    size_t end = at_;
    while (end < text_.size()) {
      const auto lead = static_cast<unsigned char>(text_[end]);
      const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      if (!is_word(code_points(std::string_view(text_).substr(end, length))[0])) break;
      end += length;
    }
    return end;
  }

  void read_operator(std::string_view sign) {
    if (sign == "(" || sign == "[" || sign == "{") {
      brackets_ += sign == "(" ? ')' : sign == "[" ? ']' : '}';
    } else if (sign == ")" || sign == "]" || sign == "}") {
      if (brackets_.empty()) fail(fmt::format("unexpected '{}'", sign));
      if (brackets_.back() != sign[0])
        fail(fmt::format("unexpected '{}', expected '{}'", sign, brackets_.back()));
      brackets_.pop_back();
    }
    add(TokenKind::kOperator, std::string(sign));
    move_to(at_ + sign.size());
  }

  void read_string(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail(fmt::format("unexpected char '{}': the string has no end", quote));
    std::string value;
    try {
      value = resolve_escapes(std::string_view(text_).substr(at_ + 1, end - at_ - 1));
    } catch (Failure& failure) {
      failure.add_position(position_);
      throw;
    }
    add(TokenKind::kString, std::move(value));
    move_to(end + 1);
  }

  /// Digits with single underscores between them, from `at`; `at` itself when there is none.
  template <typename IsDigit>
  size_t end_of_digits(size_t at, const IsDigit& is_digit) const {
    size_t end = at;
    const auto digit_at = [&](size_t i) { return i < text_.size() && is_digit(text_[i]); };
    while (digit_at(end) || (end > at && end < text_.size() && text_[end] == '_' && digit_at(end + 1))) ++end;
    return end;
  }

  void add_number(Value number, size_t end) {
    tokens_.push_back({TokenKind::kNumber, text_.substr(at_, end - at_), std::move(number), position_});
    move_to(end);
  }

  bool read_prefixed_integer() {
    if (text_[at_] != '0' || at_ + 1 >= text_.size()) return false;
    const char kind = static_cast<char>(text_[at_ + 1] | 0x20);
    const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (base == 0) return false;
    const auto is_digit = [base](char c) {
      const int value = is_ascii_digit(c)                        ? c - '0'
                        : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                 : 99;
      return value < base;
    };
    const size_t end = end_of_digits(at_ + 2, is_digit);
    if (end == at_ + 2) return false;
    std::string digits = text_.substr(at_ + 2, end - at_ - 2);
    std::erase(digits, '_');
    int64_t value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value, base).ec != std::errc()) {
      fail("an integer beyond 64 bits in this notation is not implemented");
    }
    add_number(value, end);
    return true;
  }

  void read_number() {
    if (read_prefixed_integer()) return;
    size_t end = end_of_digits(at_, is_ascii_digit);
    bool is_float = false;
    if (end + 1 < text_.size() && text_[end] == '.' && is_ascii_digit(text_[end + 1])) {
      end = end_of_digits(end + 1, is_ascii_digit);
      is_float = true;
    }
    if (end < text_.size() && (text_[end] | 0x20) == 'e') {
      size_t digits = end + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      const size_t after = end_of_digits(digits, is_ascii_digit);
      if (after > digits) {
        end = after;
        is_float = true;
      }
    }
    std::string digits = text_.substr(at_, end - at_);
    std::erase(digits, '_');
    const char *first = digits.data(), *last = first + digits.size();
    if (is_float) {
      double value = 0;
      if (std::from_chars(first, last, value).ec != std::errc())
        value = digits.find("e-") == digits.npos ? 1e308 * 10 : 0;
      return add_number(value, end);
    }
    int64_t value = 0;
    if (std::from_chars(first, last, value).ec == std::errc()) return add_number(value, end);
    add_number(Value::big_integer(digits), end);
  }

  std::string text_;
  size_t at_ = 0;
  Position position_{1, 1};
  bool line_starting_ = true;
  std::string brackets_;  // the closing ones that are awaited
  std::vector<Token> tokens_;
};

}  // namespace

std::string Token::describe() const {
  switch (kind) {
    case TokenKind::kData:
      return "template data / text";
    case TokenKind::kVariableBegin:
      return "begin of print statement";
    case TokenKind::kVariableEnd:
      return "end of print statement";
    case TokenKind::kBlockBegin:
      return "begin of statement block";
    case TokenKind::kBlockEnd:
      return "end of statement block";
    case TokenKind::kEnd:
      return "end of template";
    default:
      return text;
  }
}

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace tessera::jinja
