#include "plugins/qaic/files/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kContextUnit = 1024, kPrefillStep = 32, kFirstChosen = 4096;
constexpr size_t kMostChosen = 4;

[[noreturn]] void refuse(const char* key, std::string message, std::string remedy) {
  throw Error(ErrorCode::kInvalidArgument, std::move(message)).key(key).remedy(std::move(remedy));
}

void check_at_least(const char* key, int64_t value, int64_t least) {
  if (value >= least) return;
  refuse(key, fmt::format("{} is {}, expected {} or more", key, value, least), "give it another value");
}

void check_sizes(const DecoderShapes& s) {
  check_at_least("prefill_seq_len", s.prefill_seq_len, 1);
  check_at_least("ctx_len", s.ctx_len, 1);
  check_at_least("batch_size", s.batch_size, 1);
  check_at_least("full_batch_size", s.full_batch_size, 0);
  check_at_least("kv_cache_batch_size", s.kv_cache_batch_size, 0);
  for (const int64_t k : s.num_speculative_tokens) check_at_least("num_speculative_tokens", k, 0);
}

void check_context(const DecoderShapes& s) {
  if (s.ctx_len < s.prefill_seq_len) {
    refuse("ctx_len", fmt::format("ctx_len is {}, below prefill_seq_len, {}", s.ctx_len, s.prefill_seq_len),
           "raise ctx_len or lower prefill_seq_len");
  }
  const int64_t ctx_len = s.ccl_enabled ? context_lengths(s).ctx_len : s.ctx_len;
  if (s.max_positions == 0 || ctx_len <= s.max_positions) return;
  refuse("ctx_len",
         fmt::format("ctx_len is {}{}, the model's position table has {} rows", ctx_len,
                     ctx_len == s.ctx_len ? "" : " after rounding", s.max_positions),
         fmt::format("choose {} at most", s.max_positions));
}

void check_slots(const DecoderShapes& s) {
  if (!s.continuous_batching()) {
    if (s.kv_cache_batch_size == 0) return;
    refuse("kv_cache_batch_size", "kv_cache_batch_size is given without continuous batching",
           "give full_batch_size, too");
  }
  if (s.batch_size > 1) {
    refuse("batch_size",
           fmt::format("batch_size is {} beside full_batch_size, {}", s.batch_size, s.full_batch_size),
           "give one of the two: rows of continuous batching are full_batch_size");
  }
  if (s.slots() >= s.full_batch_size) return;
  refuse("kv_cache_batch_size",
         fmt::format("{} rows decode at once, but there are {} slots", s.full_batch_size, s.slots()),
         "raise kv_cache_batch_size or lower full_batch_size");
}

void check_speculation(const DecoderShapes& s) {
  if (!s.speculative_target) {
    if (s.num_speculative_tokens.empty()) return;
    refuse("num_speculative_tokens",
           "num_speculative_tokens is given, but the model is no speculative target",
           "set speculative_model_type to target");
  }
  if (s.num_speculative_tokens.empty()) {
    refuse("num_speculative_tokens", "a speculative target needs num_speculative_tokens",
           "give the number of tokens that the draft proposes");
  }
  if (s.ccl_enabled) {
    throw Error(ErrorCode::kNotSupported, "compute context lengths do not go with a speculative target")
        .key("ccl_enabled")
        .remedy("switch one of the two off");
  }
  const int64_t most = *std::max_element(s.num_speculative_tokens.begin(), s.num_speculative_tokens.end());
  if (s.prefill_seq_len > most || s.phase == Phase::kDecodeOnly) return;
  refuse("prefill_seq_len",
         fmt::format("prefill_seq_len is {}, shorter than num_speculative_tokens + 1, {}", s.prefill_seq_len,
                     most + 1),
         fmt::format("choose {} at least", most + 1));
}

void check_ccl(const DecoderShapes& s) {
  for (const auto& [key, list] : {std::pair("comp_ctx_lengths_prefill", &s.comp_ctx_lengths_prefill),
                                  std::pair("comp_ctx_lengths_decode", &s.comp_ctx_lengths_decode)}) {
    if (!list->empty() && !s.ccl_enabled)
      refuse(key, fmt::format("{} is given without ccl_enabled", key), "set ccl_enabled");
    for (const int64_t length : *list) check_at_least(key, length, 1);
  }
}

int64_t rounded_up(int64_t value) {
  return (value + kContextUnit - 1) / kContextUnit * kContextUnit;
}

std::vector<int64_t> sorted(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<int64_t> chosen_decode(int64_t ctx_len) {
  std::vector<int64_t> values = {ctx_len};
  int64_t below = kFirstChosen;
  while (below * 2 < ctx_len) below *= 2;
  for (; below >= kFirstChosen && below < ctx_len && values.size() < kMostChosen; below /= 2)
    values.push_back(below);
  return sorted(std::move(values));
}

/// 4096 -> 4000, but ctx_len itself stays (and is lowered by a step).
std::vector<int64_t> chosen_prefill(const std::vector<int64_t>& decode, int64_t ctx_len) {
  std::vector<int64_t> values;
  for (const int64_t value : decode) values.push_back(value == ctx_len ? value : value / kContextUnit * 1000);
  return values;
}

std::vector<int64_t> completed(std::vector<int64_t> values, int64_t ctx_len) {
  for (int64_t& value : values) value = std::clamp(value, std::min(kContextUnit, ctx_len), ctx_len);
  values.push_back(ctx_len);
  return sorted(std::move(values));
}

}  // namespace

void check_shapes(const DecoderShapes& shapes) {
  check_sizes(shapes);
  check_ccl(shapes);
  check_context(shapes);
  check_slots(shapes);
  check_speculation(shapes);
}

ContextLengths context_lengths(const DecoderShapes& shapes) {
  ContextLengths result;
  result.ctx_len = rounded_up(shapes.ctx_len);
  result.decode = shapes.comp_ctx_lengths_decode.empty()
                      ? chosen_decode(result.ctx_len)
                      : completed(shapes.comp_ctx_lengths_decode, result.ctx_len);
  if (shapes.prefill_seq_len == 1) {
    result.prefill = result.decode;
    return result;
  }
  result.prefill = shapes.comp_ctx_lengths_prefill.empty()
                       ? chosen_prefill(result.decode, result.ctx_len)
                       : completed(shapes.comp_ctx_lengths_prefill, result.ctx_len);
  const auto taken = [&](int64_t value) {
    return std::binary_search(result.decode.begin(), result.decode.end(), value);
  };
  for (int64_t& value : result.prefill) {
    while (value > kPrefillStep && taken(value)) value -= kPrefillStep;
  }
  result.prefill = sorted(std::move(result.prefill));
  return result;
}

}  // namespace tessera::qaic
