/// The module Dense of sentence-transformers: a linear layer with an activation, on the text's vector.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tessera {

class Dense {
 public:
  /// Reads config.json and model.safetensors of the module's folder. Throws Error with file and key:
  /// kNotFound, kCorruptData (sizes that do not fit the tensors), kNotSupported (another activation, weights
  /// in another format, a layer that is not on the text's vector).
  static Dense open(const std::filesystem::path& folder);

  int64_t in_features() const { return in_; }
  int64_t out_features() const { return out_; }

  /// activation(weight x + bias), sums in double. x [in_features] -> [out_features]
  std::vector<float> apply(std::span<const float> x) const;

 private:
  Dense() = default;

  int64_t in_ = 0, out_ = 0;
  std::vector<float> weight_;  // [out, in]
  std::vector<float> bias_;    // [out]; zeros without bias
  double (*activation_)(double) = nullptr;
};

}  // namespace tessera
