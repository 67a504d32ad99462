/// One text through a compiled graph of any stage: pure, with a cache, with slots, with chosen rows, packed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/model/compiled_model.hpp"
#include "tessera/model.hpp"

namespace tessera {

/// The text of a verification.
struct VerifyText {
  std::vector<int64_t> ids;
  std::vector<int64_t> type_ids;  ///< as many; encoders alone read them
};

/// The outputs `names` for `text`, by token [tokens, width...] or by text [width], in that order. `rows` of a
/// step at most, for a graph with a cache; 0: all at once. Throws Error kNotSupported for a graph with an
/// input that only another caller can give.
std::vector<NamedTensor> run_stage(const CompiledModel& compiled, const VerifyText& text,
                                   const std::vector<std::string>& names, int64_t rows = 0);

}  // namespace tessera
