#include <fmt/format.h>

#include <charconv>

#include "core/chat_template/chat_templates.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

/// Reads fields of fixed width.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool number(size_t width, int minimum, int maximum, int& value) {
    if (text_.size() < width) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + width, value);
    if (error != std::errc() || end != text_.data() + width || value < minimum || value > maximum)
      return false;
    text_.remove_prefix(width);
    return true;
  }
  bool sign(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_[0]) == any_of.npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return text_.empty(); }
  void skip_zone() {
    if (!text_.empty() && (text_[0] == 'Z' || text_[0] == '+' || text_[0] == '-')) text_ = {};
  }
  void skip_fraction() {
    if (!sign(".")) return;
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') text_.remove_prefix(1);
  }

 private:
  std::string_view text_;
};

}  // namespace

std::tm parse_iso_time(std::string_view text) {
  std::tm time{};
  int year = 0, month = 0;
  Reader reader(text);
  bool valid = reader.number(4, 1, 9999, year) && reader.sign("-") && reader.number(2, 1, 12, month) &&
               reader.sign("-") && reader.number(2, 1, days_in_month(year, month), time.tm_mday);
  if (valid && !reader.at_end()) {
    valid = reader.sign("T ") && reader.number(2, 0, 23, time.tm_hour) && reader.sign(":") &&
            reader.number(2, 0, 59, time.tm_min);
    if (valid && reader.sign(":")) valid = reader.number(2, 0, 60, time.tm_sec);
    reader.skip_fraction();
    reader.skip_zone();
  }
  if (!valid || !reader.at_end()) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is no time", text))
        .remedy("2024-07-26T12:34:56");
  }
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  for (int m = 1; m < month; ++m) time.tm_yday += days_in_month(year, m);
  time.tm_yday += time.tm_mday - 1;
  // 1 January of the year 1 was a Monday.
  const int64_t y = year - 1;
  time.tm_wday = static_cast<int>((1 + y * 365 + y / 4 - y / 100 + y / 400 + time.tm_yday) % 7);
  time.tm_isdst = -1;
  return time;
}

}  // namespace tessera
