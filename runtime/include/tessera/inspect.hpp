/// A look into checkpoints without loading them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

struct CheckpointTensor {
  std::string name, dtype;  ///< dtype as safetensors spells it: "BF16"
  std::vector<int64_t> shape;
  std::string file;  ///< relative to the folder
  uint64_t offset = 0, bytes = 0;
};

/// Tensors of one safetensors file, or of a model folder (or hub id) with its shards, sorted by name.
/// Throws Error naming file, tensor and byte for anything that breaks the format.
std::vector<CheckpointTensor> list_tensors(std::string_view path_or_id);

/// A buffer of a compiled program: what a run takes or gives.
struct QpcBinding {
  std::string name, dtype;  ///< dtype: "float16", "int64"
  bool output = false;
  std::vector<int64_t> shape;  ///< of the largest specialization
  uint64_t bytes = 0;
  bool may_be_skipped = false;  ///< retained state, or an input that may be shorter
};

/// One set of shapes that a program was compiled for, by binding.
struct QpcSpecialization {
  std::vector<std::vector<int64_t>> shapes;
};

struct QpcSegment {
  std::string name;
  uint64_t bytes = 0;
};

/// A program for Cloud AI 100.
struct QpcDescription {
  std::string network;
  int64_t num_cores = 0;  ///< NSPs that it takes of each device
  uint64_t static_constants_bytes = 0, dynamic_constants_bytes = 0;
  std::vector<QpcBinding> bindings;                ///< inputs, then outputs
  std::vector<QpcSpecialization> specializations;  ///< empty: the shapes of the bindings alone
  std::vector<QpcSegment> segments;
  bool stand_in = false;  ///< made by the stand-in compiler: it runs on no card
};

/// True for a file that is a QPC container by its first bytes, or is named as one (*.qpc, programqpc.bin), so
/// that a damaged one is told as such.
bool looks_like_qpc(std::string_view path);

/// Reads all but the weights. Throws Error naming file, segment or field, and byte for anything that breaks
/// the format.
QpcDescription inspect_qpc(std::string_view path);

}  // namespace tessera
