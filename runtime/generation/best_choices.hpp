/// Which of the texts that were made of a prompt are given back.
#pragma once

#include <vector>

#include "tessera/generate.hpp"
#include "tessera/sampling.hpp"

namespace tessera {

/// Of the choices of each prompt n: all, or with best_of those whose tokens are likeliest in the mean (as in
/// the OpenAI API), the best first. results         params.choices() for each prompt, prompt by prompt; with
/// best_of their logprobs are there keep_logprobs   they were asked for, and are not there for best_of alone
std::vector<GenerateResult> best_choices(std::vector<GenerateResult> results,
                                         const sampling::SamplingParams& params, bool keep_logprobs);

}  // namespace tessera
