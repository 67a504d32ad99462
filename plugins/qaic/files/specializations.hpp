/// specializations.json: one entry for each combination of sizes that a program can be run with.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/qaic/files/shapes.hpp"

namespace tessera::qaic {

struct Specialization {
  std::string name;                                      ///< "Prefill", "Decode_1"; unique
  std::vector<std::pair<std::string, int64_t>> symbols;  ///< the graph's symbols, in the order of the file
};

/// Those of a decoder, prefill before decode, K ascending, none twice. Under continuous batching
/// full_batch_size counts the slots, and the prefill has full_batch_exec_size, its rows, beside it: no symbol
/// of the graph, which compilers tolerate. Throws what check_shapes throws.
std::vector<Specialization> decoder_specializations(const DecoderShapes& shapes);

/// `name` is "Embedding" or "SeqClassification". Throws kInvalidArgument for an empty list of lengths, one
/// that does not ascend, or sizes below 1.
std::vector<Specialization> encoder_specializations(const std::string& name, int64_t batch_size,
                                                    const std::vector<int64_t>& seq_lens);

enum class SpecializationForm {
  kFlat,   ///< {"batch_size":"1", ...}: what all compilers take, several devices too
  kNamed,  ///< {"name":"Prefill","symbols":{...}}: compilers of 2026
};

/// "flat" or "named"; throws kInvalidArgument with the nearest.
SpecializationForm parse_specialization_form(const std::string& text);

/// The file. All values are strings.
std::string specializations_json(const std::vector<Specialization>& entries,
                                 SpecializationForm form = SpecializationForm::kFlat);

}  // namespace tessera::qaic
