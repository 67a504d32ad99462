/// From a line of JSON to a request of the API.
#pragma once

#include <boost/json/value.hpp>
#include <optional>

#include "cli/run/request_list.hpp"
#include "tessera/chat_template.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {

struct RunRequest {
  Prompt prompt;
  GenerateOptions options;
  SubmitOptions how;
};

/// Reads requests; what they do not say is as the run's settings say, those as the model's
/// generation_config.json says. `config` outlives it.
class RequestReader {
 public:
  RequestReader(const Config& config, const AutoModelForCausalLM& model);

  /// Throws Error kCorruptData or kInvalidArgument with the place, the name and, for an unknown one, the
  /// nearest.
  RunRequest read(const RawRequest& raw) const;

  /// The text or number that the caller named the request by; null when there is none to be found.
  static boost::json::value id_of(const RawRequest& raw);

 private:
  void read_prompt(const boost::json::object& object, RunRequest& request) const;

  const Config& config_;
  sampling::SamplingParams defaults_;
  std::string folder_;
  mutable std::optional<ChatTemplate> template_;  // read when the first request needs it
};

}  // namespace tessera::cli
