/// Goldens of a model: what Hugging Face's own code computes (tests/golden/README.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/model.hpp"

namespace tessera::test {

struct GoldenCase {
  std::string name;
  std::vector<int64_t> input_ids;
  std::vector<int64_t> continuation_ids;           ///< greedy, with the cache
  std::vector<int64_t> continuation_ids_no_cache;  ///< each step anew; empty where it is the same
};

std::filesystem::path model_folder(const std::string& model);
std::vector<GoldenCase> golden_cases(const std::string& model);

/// Tensors of a case by name: "logits", "hidden.0", ...; a name that the golden lacks gives an empty tensor.
NamedTensor golden_tensor(const std::string& model, const std::string& name_of_case,
                          const std::string& tensor);

/// Largest difference over the range of `expected`, the measure of tests/golden/README.md. Infinity for other
/// shapes or NaN.
double relative_difference(const NamedTensor& actual, const NamedTensor& expected);

}  // namespace tessera::test
