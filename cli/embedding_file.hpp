/// Embeddings in files that other programs read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::cli {

/// Throws UsageError for a name that ends neither in .npy nor in .safetensors; an empty one is none.
void check_embedding_file(const std::string& path);

/// Writes float32 [embeddings, dimensions]: NumPy's format 1.0, or the tensor `embeddings`. The file appears
/// complete or not at all. Throws Error kNotFound (no such folder) or kIo.
void write_embeddings(const std::string& path, const std::vector<std::vector<float>>& embeddings,
                      int64_t dimensions);

}  // namespace tessera::cli
