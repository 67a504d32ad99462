/// Bounds of one rendering: a template from the net must not hang or exhaust the program that reads it. Each
/// is far above what a chat needs.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "core/jinja/failure.hpp"

namespace tessera::jinja {

inline constexpr size_t kMaxBytes = size_t{256} << 20;  ///< of one text or list, and of the whole output
inline constexpr uint64_t kMaxSteps = 5'000'000;        ///< expressions and statements evaluated
inline constexpr uint32_t kMaxNesting = 1500;           ///< of evaluations: macros that call themselves
inline constexpr uint32_t kMaxSyntaxNesting = 200;      ///< brackets and blocks inside one another
inline constexpr int64_t kMaxRange = 100'000;           ///< elements of range(), as Jinja's sandbox

/// Throws Failure when `bytes` times `count` is more than one value may have.
inline void check_size(size_t bytes, size_t count) {
  if (bytes == 0 || count <= kMaxBytes / bytes) return;
  throw Failure(fmt::format("a value would have more than {} MiB", kMaxBytes >> 20));
}

}  // namespace tessera::jinja
