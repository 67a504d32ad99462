#include "models/blocks/rope_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "models/blocks/rope_frequencies.hpp"

namespace tessera::blocks {
namespace {

// What the readers of the types share: the section of the scaling, and what stands outside of it.
struct RopeSource {
  const Config& config;   // the whole
  const Config& scaling;  // rope_scaling or rope_parameters
  int64_t max_position_embeddings;
};

int64_t original_length(const RopeSource& from) {
  constexpr std::string_view kKey = "original_max_position_embeddings";
  const Config& where = from.config.has(kKey) ? from.config : from.scaling;
  return where.size(kKey, from.max_position_embeddings);
}

void read_linear(RopeConfig& rope, const RopeSource& from) {
  rope.inv_freq = linear_frequencies(rope.theta, rope.head_dim, from.scaling.positive("factor"));
}

void read_dynamic(RopeConfig& rope, const RopeSource& from) {
  if (rope.head_dim <= 2) {
    throw from.scaling.error(ErrorCode::kNotSupported, "rope_type",
                             "is 'dynamic', which needs a head_dim above 2");
  }
  rope.factor = from.scaling.positive("factor");
  rope.original_length = from.max_position_embeddings;
  const double reach = static_cast<double>(rope.original_length) * rope.factor;
  constexpr double kLargest = std::numeric_limits<int32_t>::max();
  if (reach > kLargest) {
    throw from.scaling.error(ErrorCode::kCorruptData, "factor",
                             fmt::format("is {}, more positions than any program can count", rope.factor));
  }
  rope.max_positions = std::max(rope.max_positions, static_cast<int64_t>(reach));
}

void read_llama3(RopeConfig& rope, const RopeSource& from) {
  const Llama3Scaling scaling{from.scaling.positive("factor"), from.scaling.positive("low_freq_factor"),
                              from.scaling.positive("high_freq_factor"), original_length(from)};
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    throw from.scaling.error(ErrorCode::kCorruptData, "high_freq_factor",
                             fmt::format("is {}, expected more than low_freq_factor, which is {}",
                                         scaling.high_freq_factor, scaling.low_freq_factor));
  }
  rope.inv_freq = llama3_frequencies(rope.theta, rope.head_dim, scaling);
}

// YaRN's temperature, section 3.4: by this much cos and sin grow with the factor.
double yarn_scale(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

void read_yarn(RopeConfig& rope, const RopeSource& from) {
  const Config& scaling = from.scaling;
  const double factor = scaling.positive("factor");
  // Hugging Face's code takes 0 for "not given".
  const auto given = [&](std::string_view key, double fallback) {
    const double value = scaling.number(key, 0);
    if (value < 0)
      throw scaling.error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected a number > 0", value));
    return value == 0 ? fallback : value;
  };
  const YarnScaling yarn{factor, given("beta_fast", 32), given("beta_slow", 1),
                         scaling.flag("truncate", true), original_length(from)};
  if (rope.theta <= 1) {
    const Config& where = scaling.has("rope_theta") ? scaling : from.config;
    throw where.error(ErrorCode::kCorruptData, "rope_theta",
                      fmt::format("is {}, yarn needs more than 1", rope.theta));
  }
  rope.inv_freq = yarn_frequencies(rope.theta, rope.head_dim, yarn);

  const double mscale = given("mscale", 0), mscale_all_dim = given("mscale_all_dim", 0);
  double scale = yarn_scale(factor, 1);
  if (mscale != 0 && mscale_all_dim != 0)
    scale = yarn_scale(factor, mscale) / yarn_scale(factor, mscale_all_dim);
  rope.scale = static_cast<float>(scaling.positive("attention_factor", scale));
}

std::vector<float> read_long_factors(const RopeConfig& rope, const Config& scaling, std::string_view key) {
  const std::vector<double> factors = scaling.positives(key);
  if (static_cast<int64_t>(factors.size()) != rope.head_dim / 2) {
    throw scaling.error(
        ErrorCode::kCorruptData, key,
        fmt::format("has {} numbers, expected {} (half of head_dim)", factors.size(), rope.head_dim / 2));
  }
  return longrope_frequencies(rope.theta, rope.head_dim, factors);
}

void read_longrope(RopeConfig& rope, const RopeSource& from) {
  rope.inv_freq = read_long_factors(rope, from.scaling, "short_factor");
  rope.long_inv_freq = read_long_factors(rope, from.scaling, "long_factor");
  rope.original_length = original_length(from);
  // Without `factor`: how far the model was stretched.
  const double ratio =
      static_cast<double>(from.max_position_embeddings) / static_cast<double>(rope.original_length);
  const double factor = from.scaling.positive("factor", ratio);
  double scale = 1;
  if (factor > 1) {
    if (rope.original_length == 1) {
      throw from.scaling.error(ErrorCode::kCorruptData, "original_max_position_embeddings",
                               "is 1, longrope needs more than 1");
    }
    scale = std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(rope.original_length)));
  }
  rope.scale = static_cast<float>(from.scaling.positive("attention_factor", scale));
}

void read_default(RopeConfig& rope, const RopeSource&) {
  rope.inv_freq = default_frequencies(rope.theta, rope.head_dim);
}

struct RopeReader {
  std::string_view name;  // value of rope_type
  RopeType type;
  void (*read)(RopeConfig&, const RopeSource&);
};
constexpr RopeReader kReaders[] = {
    {"default", RopeType::kDefault, read_default}, {"linear", RopeType::kLinear, read_linear},
    {"dynamic", RopeType::kDynamic, read_dynamic}, {"yarn", RopeType::kYarn, read_yarn},
    {"llama3", RopeType::kLlama3, read_llama3},    {"longrope", RopeType::kLongRope, read_longrope},
};

const RopeReader& find_reader(const Config& scaling) {
  const std::string_view key = !scaling.has("rope_type") && scaling.has("type") ? "type" : "rope_type";
  const std::string name = scaling.text(key, "default");
  std::string known;
  for (const RopeReader& reader : kReaders) {
    if (reader.name == name) return reader;
    known.append(known.empty() ? "" : ", ").append(reader.name);
  }
  throw scaling.error(ErrorCode::kNotSupported, key, fmt::format("is '{}', which is not implemented", name))
      .remedy("one of: " + known);
}

// The settings' section; an empty one when there is none, or it says nothing.
Config scaling_section(const Config& config) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    std::optional<Config> section = config.section(key);
    if (section && !section->empty()) return *std::move(section);
  }
  return Config::parse("{}");
}

void refuse_what_is_not_implemented(const Config& config, const Config& scaling) {
  for (const std::string& inner : scaling.sections()) {
    throw scaling.error(ErrorCode::kNotSupported, inner,
                        "sets rotary parameters for one kind of layer, which is not implemented");
  }
  for (const Config* where : {&scaling, &config}) {
    if (where->number("partial_rotary_factor", 1) == 1) continue;
    throw where->error(ErrorCode::kNotSupported, "partial_rotary_factor",
                       "is not 1, which is not implemented");
  }
}

}  // namespace

RopeConfig read_rope(const Config& config, int64_t head_dim, int64_t max_position_embeddings) {
  const Config scaling = scaling_section(config);
  refuse_what_is_not_implemented(config, scaling);
  const RopeReader& reader = find_reader(scaling);
  RopeConfig rope;
  rope.type = reader.type;
  rope.head_dim = head_dim;
  rope.theta =
      scaling.has("rope_theta") ? scaling.positive("rope_theta") : config.positive("rope_theta", 10000);
  rope.max_positions = max_position_embeddings;
  reader.read(rope, RopeSource{config, scaling, max_position_embeddings});
  return rope;
}

}  // namespace tessera::blocks
