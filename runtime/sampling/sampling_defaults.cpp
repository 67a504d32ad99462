#include "runtime/sampling/sampling_defaults.hpp"

#include <fmt/format.h>

#include <array>

#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

namespace json = boost::json;

/// Null when the key is absent or null.
const json::value* find(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

[[noreturn]] void wrong_type(std::string_view key, const json::value& value, std::string_view expected) {
  throw Error(ErrorCode::kCorruptData, fmt::format("{} is {}, expected {}", key, json_kind(value), expected))
      .key(key);
}

void read(const json::object& object, std::string_view key, double& out) {
  const json::value* value = find(object, key);
  if (value == nullptr) return;
  if (!value->is_number()) wrong_type(key, *value, "a number");
  out = value->to_number<double>();
}

void read(const json::object& object, std::string_view key, int64_t& out) {
  const json::value* value = find(object, key);
  if (value == nullptr) return;
  if (!value->is_int64()) wrong_type(key, *value, "a whole number");
  out = value->get_int64();
}

bool read_bool(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return false;
  if (!value->is_bool()) wrong_type(key, *value, "true or false");
  return value->get_bool();
}

/// A field of Hugging Face's GenerationConfig that changes the text and that we do not have.
struct Unsupported {
  std::string_view key;
  double neutral;
};
constexpr std::array kUnsupported = {
    Unsupported{"num_return_sequences", 1},
    Unsupported{"num_beam_groups", 1},
    Unsupported{"diversity_penalty", 0},
    Unsupported{"penalty_alpha", 0},
    Unsupported{"epsilon_cutoff", 0},
    Unsupported{"eta_cutoff", 0},
    Unsupported{"top_h", 1},
    Unsupported{"guidance_scale", 1},
    Unsupported{"encoder_repetition_penalty", 1},
    Unsupported{"encoder_no_repeat_ngram_size", 0},
    Unsupported{"min_length", 0},
    Unsupported{"bad_words_ids", 0},
    Unsupported{"force_words_ids", 0},
    Unsupported{"constraints", 0},
    Unsupported{"sequence_bias", 0},
    Unsupported{"forced_bos_token_id", -1},
    Unsupported{"forced_eos_token_id", -1},
    Unsupported{"suppress_tokens", 0},
    Unsupported{"begin_suppress_tokens", 0},
    Unsupported{"exponential_decay_length_penalty", 0},
    Unsupported{"watermarking_config", 0},
    Unsupported{"dola_layers", 0},
};

bool is_neutral(const json::value& value, double neutral) {
  if (value.is_number()) return value.to_number<double>() == neutral;
  if (value.is_bool()) return !value.get_bool();
  if (value.is_array()) return value.get_array().empty();
  if (value.is_object()) return value.get_object().empty();
  return false;
}

void refuse_unsupported(const json::object& object) {
  for (const Unsupported& field : kUnsupported) {
    const json::value* value = find(object, field.key);
    if (value == nullptr || is_neutral(*value, field.neutral)) continue;
    throw Error(ErrorCode::kNotSupported, fmt::format("{} is not supported", field.key)).key(field.key);
  }
}

SamplingParams read_params(const json::object& object) {
  SamplingParams params;
  read(object, "repetition_penalty", params.repetition_penalty);
  read(object, "no_repeat_ngram_size", params.no_repeat_ngram_size);
  read(object, "min_new_tokens", params.min_tokens);
  read(object, "num_beams", params.num_beams);
  if (read_bool(object, "do_sample")) {
    params.temperature = 1;
    read(object, "temperature", params.temperature);
    read(object, "top_k", params.top_k);
    read(object, "top_p", params.top_p);
    read(object, "min_p", params.min_p);
    read(object, "typical_p", params.typical_p);
  }
  refuse_unsupported(object);
  validate(params);
  return params;
}

}  // namespace

SamplingParams parse_sampling_defaults(std::string_view text, const std::string& file) {
  const json::object object = parse_json_object(text, file);
  try {
    return read_params(object);
  } catch (const Error& error) {
    // A file that breaks the rules is not the caller's argument.
    const bool invalid = error.code() == ErrorCode::kInvalidArgument;
    throw Error(invalid ? ErrorCode::kCorruptData : error.code(), error.message())
        .file(file)
        .key(error.key_name())
        .remedy("give sampling values of your own and take none from the file (--generation-config none)");
  }
}

SamplingParams sampling_defaults(const Checkpoint& checkpoint) {
  if (!checkpoint.generation_config_text()) return {};
  return parse_sampling_defaults(*checkpoint.generation_config_text(),
                                 (checkpoint.folder() / "generation_config.json").string());
}

}  // namespace tessera::sampling
