#include "cli/embedding_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <span>

#include "cli/arguments.hpp"
#include "core/checkpoint/atomic_file.hpp"
#include "core/checkpoint/safetensors_writer.hpp"

namespace tessera::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "both formats are written as memory has them");

/// numpy/lib/format.py: magic, version 1.0, length of the header, the header padded so that data begins at a
/// multiple of 64.
std::string npy_header(size_t rows, int64_t columns) {
  std::string dict =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr size_t kPreamble = 10;
  dict.append(63 - (kPreamble + dict.size()) % 64, ' ').append("\n");
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

void write_npy(const std::string& path, const std::vector<std::vector<float>>& embeddings,
               int64_t dimensions) {
  AtomicFile file(path);
  const std::string header = npy_header(embeddings.size(), dimensions);
  file.write(std::as_bytes(std::span(header)));
  for (const std::vector<float>& embedding : embeddings) file.write(std::as_bytes(std::span(embedding)));
  file.commit();
}

}  // namespace

void check_embedding_file(const std::string& path) {
  if (path.empty() || path.ends_with(".npy") || path.ends_with(".safetensors")) return;
  throw UsageError(fmt::format("--output: '{}' ends neither in .npy nor in .safetensors", path), "");
}

void write_embeddings(const std::string& path, const std::vector<std::vector<float>>& embeddings,
                      int64_t dimensions) {
  if (path.ends_with(".npy")) return write_npy(path, embeddings, dimensions);
  SafetensorsWriter writer(path);
  writer.declare("embeddings", DType::kF32, {static_cast<int64_t>(embeddings.size()), dimensions});
  for (const std::vector<float>& embedding : embeddings) writer.append_floats(embedding);
  writer.finish();
}

}  // namespace tessera::cli
