#include "cli/json.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/output.hpp"

namespace tessera::cli {

namespace json = boost::json;

namespace {

/// JSON has no infinity: as in the OpenAI API, -9999 stands for a token that cannot come.
json::object to_json(const sampling::TokenLogprob& token) {
  return {{"token", token.token}, {"logprob", std::max(token.logprob, -9999.0)}};
}

json::value to_json(const sampling::TokenLogprobs& token) {
  json::object object = to_json(token.chosen);
  json::array top;
  for (const sampling::TokenLogprob& other : token.top) top.push_back(to_json(other));
  if (!top.empty()) object["top"] = std::move(top);
  return object;
}

json::object to_json(const speculation::Counters& counters) {
  return {{"drafts", counters.drafts},
          {"draft_tokens", counters.draft_tokens},
          {"accepted_tokens", counters.accepted_tokens},
          {"accepted_by_position",
           json::array(counters.accepted_by_position.begin(), counters.accepted_by_position.end())}};
}

}  // namespace

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
  json::object object{
      {"prompt_tokens", to_json(result.prompt_tokens)},
      {"tokens", to_json(result.tokens)},
      {"text", result.text},
      {"finish_reason", to_string(result.finish_reason)},
      {"metrics", json::object{{"ttft_s", m.ttft_s},
                               {"total_s", m.total_s},
                               {"prompt_tps", m.prompt_tps},
                               {"decode_tps", m.decode_tps},
                               {"total_tps", m.total_tps},
                               {"queue_s", m.queue_s},
                               {"mean_itl_s", m.mean_itl_s},
                               {"largest_itl_s", m.largest_itl_s},
                               {"cached_tokens", m.cached_tokens},
                               {"preemptions", m.preemptions},
                               {"speculation", to_json(m.speculation)}}},
  };
  if (result.seed) object["seed"] = *result.seed;
  if (!result.logprobs.empty()) {
    json::array tokens;
    for (const sampling::TokenLogprobs& token : result.logprobs) tokens.push_back(to_json(token));
    object["logprobs"] = std::move(tokens);
  }
  return object;
}

}  // namespace tessera::cli
