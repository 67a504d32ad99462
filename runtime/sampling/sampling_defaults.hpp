/// What a checkpoint says about how to sample.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.hpp"
#include "tessera/sampling.hpp"

namespace tessera::sampling {

/// The sampling fields of generation_config.json; neutral values without the file, and for keys that are
/// absent or null. do_sample false, or absent, is greedy: then temperature, top_k, top_p, min_p and typical_p
/// of the file have no effect, as in Hugging Face, while penalties, no_repeat_ngram_size and min_new_tokens
/// have. With do_sample true an absent temperature is 1. Throws Error kCorruptData for a value of the wrong
/// type or out of range, and kNotSupported for a field that changes the text in a way that is not supported
/// (beam search, suppressed tokens, ...), each with file and key. Any thread.
SamplingParams sampling_defaults(const Checkpoint& checkpoint);

/// The same of a file's text; `file` names it in errors.
SamplingParams parse_sampling_defaults(std::string_view text, const std::string& file);

}  // namespace tessera::sampling
