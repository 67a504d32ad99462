/// How many labels a classification head has.
#pragma once

#include <cstdint>

#include "models/blocks/config.hpp"

namespace tessera::blocks {

/// Entries of `id2label`; without it `num_labels`, without that 2, as Hugging Face's configs have it. Where
/// both stand and differ num_labels wins, as there. Throws kCorruptData naming the key.
int64_t read_num_labels(const Config& config);

}  // namespace tessera::blocks
