#include "cli/run/request_list.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string_view>
#include <utility>

#include "cli/json.hpp"
#include "cli/model_options.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

std::vector<RawRequest> lines_of(std::string_view bytes, const std::string& file) {
  std::vector<RawRequest> requests;
  for (size_t number = 1; !bytes.empty(); ++number) {
    const size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    requests.push_back({std::string(line), fmt::format("{}, line {}", file, number)});
  }
  return requests;
}

}  // namespace

std::vector<RawRequest> read_requests(const Config& config) {
  const std::string key = prompt_source(config);
  if (key == "requests_file") {
    const std::string file = config.text(key);
    return lines_of(read_input_file(file), file == "-" ? "standard input" : file);
  }
  std::vector<RawRequest> requests;
  const auto add = [&](std::string text) {
    const std::string where = key.empty() ? "standard input" : to_string(config.origin(key));
    requests.push_back({std::move(text), fmt::format("{}, request {}", where, requests.size())});
  };
  if (key == "requests") {
    for (std::string& text : config.list(key)) add(std::move(text));
    return requests;
  }
  for (const Prompt& prompt : prompts_of(config)) {
    const json::object request = prompt.is_ids ? json::object{{"input_ids", to_json(prompt.ids)}}
                                               : json::object{{"prompt", prompt.text}};
    add(json::serialize(request));
  }
  return requests;
}

}  // namespace tessera::cli
