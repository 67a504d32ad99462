#include "core/jinja/time_format.hpp"

#include <fmt/format.h>

#include <array>

#include "core/jinja/failure.hpp"

namespace tessera::jinja {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

/// ISO 8601: the year and week that a day belongs to.
std::pair<int, int> iso_week(const std::tm& t) {
  const int weekday = (t.tm_wday + 6) % 7;  // Monday is 0
  int year = t.tm_year + 1900;
  int week = (t.tm_yday - weekday + 10) / 7;
  const auto weeks_of = [](int y) {
    const auto dec31 = [](int z) { return (z + z / 4 - z / 100 + z / 400) % 7; };
    return dec31(y) == 4 || dec31(y - 1) == 3 ? 53 : 52;
  };
  if (week < 1) {
    week = weeks_of(--year);
  } else if (week > weeks_of(year)) {
    week = 1;
    ++year;
  }
  return {year, week};
}

std::string padded(int value, int width, bool plain, char fill = '0') {
  if (plain) return fmt::format("{}", value);
  return fill == '0' ? fmt::format("{:0{}}", value, width) : fmt::format("{:{}}", value, width);
}

std::string directive(char name, bool plain, const std::tm& t) {
  const int year = t.tm_year + 1900, hour12 = t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12;
  switch (name) {
    case 'a':
      return std::string(kDays[static_cast<size_t>(t.tm_wday)].substr(0, 3));
    case 'A':
      return std::string(kDays[static_cast<size_t>(t.tm_wday)]);
    case 'b':
    case 'h':
      return std::string(kMonths[static_cast<size_t>(t.tm_mon)].substr(0, 3));
    case 'B':
      return std::string(kMonths[static_cast<size_t>(t.tm_mon)]);
    case 'c':
      return format_time("%a %b %e %H:%M:%S %Y", t);
    case 'C':
      return padded(year / 100, 2, plain);
    case 'd':
      return padded(t.tm_mday, 2, plain);
    case 'D':
    case 'x':
      return format_time("%m/%d/%y", t);
    case 'e':
      return padded(t.tm_mday, 2, plain, ' ');
    case 'f':
      return "000000";
    case 'F':
      return format_time("%Y-%m-%d", t);
    case 'g':
      return padded(iso_week(t).first % 100, 2, plain);
    case 'G':
      return fmt::format("{}", iso_week(t).first);
    case 'H':
      return padded(t.tm_hour, 2, plain);
    case 'I':
      return padded(hour12, 2, plain);
    case 'j':
      return padded(t.tm_yday + 1, 3, plain);
    case 'k':
      return padded(t.tm_hour, 2, plain, ' ');
    case 'l':
      return padded(hour12, 2, plain, ' ');
    case 'm':
      return padded(t.tm_mon + 1, 2, plain);
    case 'M':
      return padded(t.tm_min, 2, plain);
    case 'n':
      return "\n";
    case 'p':
      return t.tm_hour < 12 ? "AM" : "PM";
    case 'P':
      return t.tm_hour < 12 ? "am" : "pm";
    case 'r':
      return format_time("%I:%M:%S %p", t);
    case 'R':
      return format_time("%H:%M", t);
    case 'S':
      return padded(t.tm_sec, 2, plain);
    case 't':
      return "\t";
    case 'T':
    case 'X':
      return format_time("%H:%M:%S", t);
    case 'u':
      return fmt::format("{}", t.tm_wday == 0 ? 7 : t.tm_wday);
    case 'U':
      return padded((t.tm_yday + 7 - t.tm_wday) / 7, 2, plain);
    case 'V':
      return padded(iso_week(t).second, 2, plain);
    case 'w':
      return fmt::format("{}", t.tm_wday);
    case 'W':
      return padded((t.tm_yday + 7 - (t.tm_wday + 6) % 7) / 7, 2, plain);
    case 'y':
      return padded(year % 100, 2, plain);
    case 'Y':
      return fmt::format("{}", year);
    case 'z':
    case 'Z':
      return {};  // Python's now() knows no time zone
    case '%':
      return "%";
    default:
      throw not_supported(fmt::format("the strftime directive '%{}'", name));
  }
}

}  // namespace

std::string format_time(std::string_view format, const std::tm& time) {
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%' || at + 1 == format.size()) {
      out += format[at];
      continue;
    }
    const bool plain = format[at + 1] == '-' && at + 2 < format.size();
    at += plain ? 2 : 1;
    out += directive(format[at], plain, time);
  }
  return out;
}

}  // namespace tessera::jinja
