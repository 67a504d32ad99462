/// Words of Efficient Transformers' command line that are no options of its backend: other names of flags
/// here.
#pragma once

#include "cli/arguments.hpp"

namespace tessera::cli {

/// Adds those whose flag the command has: --generation-len (--max-tokens), --prompts-txt-file-path
/// (--prompt),
/// --local-model-dir, --cache-dir and --hf-token (--model).
void add_foreign_words(Arguments& arguments);

/// Sets what they stand for, after parse(). `bars`: a --prompt holds several (split_prompts).
/// --cache-dir becomes HF_HUB_CACHE of this process; call it while there is one thread.
/// Throws UsageError for a word beside the flag that it names, and for --hf-token; Error for a file that
/// cannot be read or holds no prompt.
void apply_foreign_words(Arguments& arguments, bool bars);

}  // namespace tessera::cli
