/// Small tensors that live inside the model: constants of function bodies, tables of rotary frequencies.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// A tensor of `dims` with these elements in row-major order; their number must be the product of `dims`.
inline Tensor int64_tensor(std::string name, std::vector<int64_t> dims,
                           const std::vector<int64_t>& elements) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = DataType::kInt64;
  tensor.dims = std::move(dims);
  tensor.raw_data.resize(elements.size() * sizeof(int64_t));
  if (!elements.empty()) std::memcpy(tensor.raw_data.data(), elements.data(), tensor.raw_data.size());
  return tensor;
}

inline Tensor float_tensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& elements) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = DataType::kFloat;
  tensor.dims = std::move(dims);
  tensor.raw_data.resize(elements.size() * sizeof(float));
  if (!elements.empty()) std::memcpy(tensor.raw_data.data(), elements.data(), tensor.raw_data.size());
  return tensor;
}

}  // namespace tessera::graph
