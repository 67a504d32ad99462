/// A golden file: a text's ids and what a model gives for them.
#pragma once

#include <string>
#include <vector>

#include "runtime/verify/stage_runner.hpp"
#include "tessera/model.hpp"

namespace tessera {

struct Golden {
  VerifyText text;  ///< no ids: the file has none
  std::vector<NamedTensor> tensors;
};

/// Reads `input_ids` and `token_type_ids` (I64, optional) and all tensors of floating type. Throws Error:
/// what SafetensorsFile throws, kCorruptData for ids of another type or rank.
Golden read_golden(const std::string& path);

/// The file appears complete or not at all. Throws Error kIo, kNotFound (no such folder).
void write_golden_file(const std::string& path, const VerifyText& text, bool with_types,
                       const std::vector<NamedTensor>& tensors);

}  // namespace tessera
