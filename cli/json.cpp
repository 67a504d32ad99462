#include "cli/json.hpp"

#include <boost/json.hpp>

#include "cli/output.hpp"

namespace tessera::cli {

namespace json = boost::json;

void write_json(const json::value& value) {
  write_stdout(json::serialize(value) + "\n");
}

json::value to_json(const std::vector<int64_t>& numbers) {
  return json::array(numbers.begin(), numbers.end());
}

json::value to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::value to_json(const GenerateResult& result) {
  const GenerateMetrics& m = result.metrics;
  return json::object{
      {"prompt_tokens", to_json(result.prompt_tokens)},
      {"tokens", to_json(result.tokens)},
      {"text", result.text},
      {"finish_reason", to_string(result.finish_reason)},
      {"metrics", json::object{{"ttft_s", m.ttft_s},
                               {"total_s", m.total_s},
                               {"prompt_tps", m.prompt_tps},
                               {"decode_tps", m.decode_tps}}},
  };
}

}  // namespace tessera::cli
