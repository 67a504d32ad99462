#include "cli/json_lines.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "core/json/json.hpp"

namespace tessera::cli {

void for_each_json_line(std::string_view bytes, const std::string& file,
                        const std::function<void(const boost::json::value&, const std::string&)>& use) {
  for (size_t number = 1; !bytes.empty(); ++number) {
    const size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}, line {}", file, number);
    use(parse_json(line, where), where);
  }
}

}  // namespace tessera::cli
