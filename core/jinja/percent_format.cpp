#include "core/jinja/percent_format.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/jinja/failure.hpp"
#include "core/jinja/format_spec.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

class PercentFormat {
 public:
  PercentFormat(std::string_view format, const Value& values)
      : format_(format), values_(values.is(Kind::kTuple) ? values.items() : std::vector<Value>{values}) {
    if (values.is_dict()) names_ = values.dict_pointer();
    taken_by_name_ = !values.is(Kind::kTuple) && !values.is_string() && !is_scalar(values);
  }

  std::string run() {
    std::string out;
    while (at_ < format_.size()) {
      const char c = format_[at_++];
      if (c == '%') {
        out += directive();
      } else {
        out += c;
      }
      check_size(out.size(), 1);
    }
    if (next_ < values_.size() && !taken_by_name_) {
      throw Failure("not all arguments converted during string formatting");
    }
    return out;
  }

 private:
  static bool is_scalar(const Value& v) {
    return v.is_none() || v.is_integral() || v.is(Kind::kFloat) || v.is(Kind::kBigInt) || v.is_undefined();
  }

  char get() {
    if (at_ == format_.size()) throw Failure("incomplete format");
    return format_[at_++];
  }
  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  Value take() {
    if (named_) return *named_;
    if (next_ == values_.size()) throw Failure("not enough arguments for format string");
    return values_[next_++];
  }

  void read_name() {
    named_.reset();
    if (peek() != '(') return;
    const size_t end = format_.find(')', ++at_);
    if (end == format_.npos) throw Failure("incomplete format key");
    const std::string_view name = format_.substr(at_, end - at_);
    at_ = end + 1;
    if (!names_) throw Failure("format requires a mapping");
    const Value* value = names_->find(name);
    if (!value) throw Failure(repr_text(name));
    named_ = *value;
  }

  int read_count() {
    if (peek() == '*') {
      ++at_;
      const Value count = take();
      if (!count.is_integral()) throw Failure("* wants int");
      if (std::abs(count.integer()) > 1'000'000) throw Failure("width too big");
      return static_cast<int>(count.integer());
    }
    int count = 0;
    while (peek() >= '0' && peek() <= '9') {
      count = count * 10 + (get() - '0');
      if (count > 1'000'000) throw Failure("width too big");
    }
    return count;
  }

  std::string directive() {
    read_name();
    FormatSpec spec;
    bool zero = false;
    for (;; ++at_) {
      if (peek() == '-') {
        spec.align = '<';
      } else if (peek() == '+' || (peek() == ' ' && spec.sign != '+')) {
        spec.sign = peek();
      } else if (peek() == '#') {
        spec.alternate = true;
      } else if (peek() == '0') {
        zero = true;
      } else if (peek() != ' ') {
        break;
      }
    }
    spec.width = read_count();
    if (spec.width < 0) {
      spec.align = '<';
      spec.width = -spec.width;
    }
    if (peek() == '.') {
      ++at_;
      spec.precision = std::min(std::max(read_count(), 0), 1000);
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++at_;
    const char type = get();
    if (type == '%') return "%";
    return convert(type, spec, zero);
  }

  std::string convert(char type, FormatSpec spec, bool zero) {
    const Value value = take();
    if (type == 's' || type == 'r' || type == 'a') {
      return format_text(type == 's' ? to_text(value) : repr(value), right_aligned(spec));
    }
    if (type == 'c' && value.is_string()) {
      if (count_code_points(value.string()) != 1) throw Failure("%c requires int or char");
      return format_text(value.string(), right_aligned(spec));
    }
    require_defined(value);
    if (zero && spec.align == '\0') {
      spec.fill = '0';
      spec.align = '=';
    }
    spec.type = type == 'i' || type == 'u' ? 'd' : type;
    if (std::string_view("dcoxX").find(spec.type) != std::string_view::npos) return integer(value, spec);
    if (std::string_view("eEfFgG").find(type) == std::string_view::npos) {
      throw Failure(fmt::format("unsupported format character '{}' (0x{:x}) at index {}", type,
                                static_cast<unsigned>(static_cast<unsigned char>(type)), at_ - 1));
    }
    if (!value.is_integral() && !value.is(Kind::kFloat)) {
      throw Failure(fmt::format("must be real number, not {}", type_name(value)));
    }
    return format_float(value.number(), spec);
  }

  static std::string integer(const Value& value, FormatSpec spec) {
    if (spec.type == 'c') spec = right_aligned(spec);
    if (value.is_integral()) return format_integer(value.integer(), spec);
    if (value.is(Kind::kFloat) && spec.type == 'd' && std::fabs(value.number()) < 9e18) {
      return format_integer(static_cast<int64_t>(value.number()), spec);
    }
    if (value.is(Kind::kBigInt) && spec.type == 'd') return format_text(value.decimal(), right_aligned(spec));
    throw Failure(fmt::format("%{} format: {} is required, not {}", spec.type,
                              spec.type == 'd' ? "a real number" : "an integer", type_name(value)));
  }

  static FormatSpec right_aligned(FormatSpec spec) {
    if (spec.align == '\0') spec.align = '>';
    return spec;
  }

  std::string_view format_;
  std::vector<Value> values_;
  std::shared_ptr<const Dict> names_;
  std::optional<Value> named_;
  bool taken_by_name_ = false;
  size_t at_ = 0, next_ = 0;
};

}  // namespace

Value percent_format(const Value& format, const Value& values) {
  return Text{PercentFormat(format.string(), values).run(), format.text().markup};
}

}  // namespace tessera::jinja
