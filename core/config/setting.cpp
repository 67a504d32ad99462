#include "core/config/setting.hpp"

#include <algorithm>
#include <array>

namespace tessera {
namespace {

using enum SettingType;

constexpr std::array kSettings = {
    Setting{"model", kModel, "model,m", "", "", "model folder, or an id in the local hub cache"},
    Setting{
        "plugin_paths", kPathList, "plugin-path", "", "",
        "plugin file, or folder of plugins, beside the default folder and TESSERA_PLUGIN_PATH; repeatable"},
    Setting{"task", kText, "task", "", "", "what the model is for; default: what the checkpoint says"},
    Setting{"requests", kObjectList, "", "", "",
            "requests of a run: maps of prompt, input_ids or messages, id, max_tokens, seed, timeout and the "
            "names of the section generate"},
    Setting{"requests_file", kPath, "requests", "", "",
            "requests of a run: a JSON object a line; - is standard input"},
    Setting{"request_timeout", kDouble, "request-timeout", "", "0",
            "seconds after which a request of a run ends with what it has; 0: none"},

    Setting{"compile.backend", kText, "backend", "TESSERA_BACKEND", "cpu",
            "backend that compiles and runs the graph"},
    Setting{"compile.ctx_len", kInt, "ctx-len", "", "0",
            "tokens a sequence may hold; 0: the smaller of the model's limit and prompt + max tokens", 0},
    Setting{"compile.num_threads", kInt, "threads,t", "TESSERA_THREADS", "0",
            "threads that compute; 0: what affinity and cgroup quota allow", 0},
    Setting{"compile.isa", kText, "isa", "TESSERA_ISA", "",
            "instruction set tier; default: the best this machine has"},
    Setting{
        "compile.passes", kPassList, "passes", "", "",
        "graph passes in order, comma-separated ids or id:option=value; default: what the backend asks for"},
    Setting{"compile.expose_values", kTextList, "expose-values", "", "",
            "values that become outputs of the graph, globs too (hidden.*); repeatable"},
    Setting{"compile.dump_dir", kPath, "dump-dir", "", "", "folder that receives the graph after each pass"},
    Setting{"compile.options", kOptionMap, "backend-option", "", "",
            "option of the backend, key=value; repeatable"},

    Setting{"engine.max_num_seqs", kInt, "max-num-seqs", "", "32", "requests that run at once", 1},
    Setting{"engine.max_num_batched_tokens", kInt, "max-num-batched-tokens", "", "512",
            "rows of a step: a token of each running request, and of prompts; at least max-num-seqs", 1},
    Setting{"engine.prefill_chunk", kInt, "prefill-chunk", "", "0",
            "prompt tokens of a step; 0: as many as running requests can bear, as measured", 0},
    Setting{"engine.max_prefill_runs", kInt, "max-prefill-runs", "", "1",
            "on compiled shapes: prefill runs between two decode runs", 1},
    Setting{"engine.max_queue", kInt, "max-queue", "", "4096", "requests that may wait; more are refused", 1},
    Setting{"engine.scheduling_policy", kText, "scheduling-policy", "", "fcfs",
            "who goes first: fcfs, priority or fair"},
    Setting{"engine.ageing_steps", kDouble, "", "", "1000", "of priority: steps of waiting worth one level"},
    Setting{"engine.ageing_tokens", kDouble, "", "", "1", "of fair: tokens that a step of waiting is worth"},
    Setting{"engine.tenant_weights", kOptionMap, "", "", "", "of fair: shares of tenants; others have 1"},
    Setting{"engine.preempt", kBool, "no-preempt", "", "true",
            "take memory from the last running request when others cannot go on", INT64_MIN, true},
    Setting{"engine.prefix_caching", kBool, "no-prefix-caching", "", "true",
            "compute common beginnings of prompts once", INT64_MIN, true},
    Setting{"engine.kv_tokens", kInt, "kv-tokens", "", "0",
            "tokens of keys and values that all requests have room for; 0: what the backend has", 0},
    Setting{"engine.step_timeout", kDouble, "step-timeout", "", "0",
            "seconds after which a step of the backend counts as blocked and its requests end; 0: never"},
    Setting{"engine.max_reloads", kInt, "max-reloads", "", "0",
            "times in a row that a lost device's session is made anew and its requests computed again", 0},
    Setting{
        "engine.speculation", kText, "speculation", "", "off",
        "who proposes tokens that are verified side by side: off, prompt-lookup or draft; changes no text"},
    Setting{"engine.draft_model", kModel, "draft-model", "", "",
            "of draft: a smaller model with the same tokenizer, a folder or an id in the local hub cache"},
    Setting{"engine.draft_options", kOptionMap, "draft-option", "", "",
            "of draft: an option of the backend for the draft model alone, key=value; repeatable"},
    Setting{
        "engine.num_speculative_tokens", kIntList, "num-speculative-tokens", "", "",
        "tokens proposed at once: up to K, or one of several numbers; default: up to 8, with compiled shapes "
        "0 or 3",
        0},

    Setting{"generate.prompt", kTextList, "prompt,p", "", "", "prompt; repeatable"},
    Setting{"generate.prompt_file", kPath, "file,f", "", "",
            "file whose bytes are the prompt, the last newline too; - is standard input"},
    Setting{"generate.input_ids", kIntList, "input-ids", "", "", "token ids instead of text: 1,2,3"},
    Setting{"generate.max_new_tokens", kInt, "max-tokens,n", "", "-1",
            "tokens to generate at most; -1: until an end token or the context's end", -1},
    Setting{"generate.stop", kTextList, "stop", "", "", "text that ends the generation; repeatable"},
    Setting{"generate.stop_token_ids", kIntList, "stop-token-ids", "", "",
            "token ids that end the generation beside the model's own: 1,2,3"},
    Setting{"generate.ignore_eos", kBool, "ignore-eos", "", "false", "go on past end tokens"},
    Setting{"generate.add_special_tokens", kBool, "no-special-tokens", "", "true",
            "add the tokenizer's special tokens to the prompt", INT64_MIN, true},
    Setting{"generate.generation_config", kText, "generation-config", "", "auto",
            "sampling values that are not given: auto takes the model's generation_config.json, none the "
            "neutral ones"},
    Setting{"generate.temperature", kDouble, "temperature", "", "0",
            "0 is greedy; above 0 logits are divided by it and a token is drawn"},
    Setting{"generate.top_k", kInt, "top-k", "", "0", "draw among the k likeliest tokens and ties; 0: all",
            0},
    Setting{"generate.top_p", kDouble, "top-p", "", "1",
            "draw among the fewest likeliest tokens that have this much probability together"},
    Setting{"generate.min_p", kDouble, "min-p", "", "0",
            "draw among tokens with at least this part of the likeliest one's probability"},
    Setting{"generate.typical_p", kDouble, "typical-p", "", "1",
            "draw among the most typical tokens that have this much probability together"},
    Setting{"generate.repetition_penalty", kDouble, "repetition-penalty", "", "1",
            "divides positive and multiplies negative logits of tokens in prompt and text"},
    Setting{"generate.presence_penalty", kDouble, "presence-penalty", "", "0",
            "taken from the logits of tokens in the text"},
    Setting{"generate.frequency_penalty", kDouble, "frequency-penalty", "", "0",
            "taken from the logits of tokens in the text, as often as they stand there"},
    Setting{"generate.no_repeat_ngram_size", kInt, "no-repeat-ngram", "", "0",
            "no run of so many tokens comes twice in prompt and text; 0: off", 0},
    Setting{"generate.logit_bias", kOptionMap, "logit-bias", "", "",
            "added to a token's logit, id=value; repeatable"},
    Setting{"generate.min_tokens", kInt, "min-tokens", "", "0",
            "no end token and no stop text before that many tokens", 0},
    Setting{"generate.seed", kInt, "seed", "", "", "of what is drawn; default: a new one each time", 0},
    Setting{"generate.logprobs", kInt, "logprobs", "", "-1",
            "log-probabilities of each token and of that many best ones, with --json; -1: none", -1},
    Setting{"generate.n", kInt, "n", "", "1", "texts for each prompt", 1},
    Setting{"generate.best_of", kInt, "best-of", "", "0",
            "texts to make for each prompt, of which the n likeliest are given; 0: n", 0},

    Setting{"output.json", kBool, "json", "", "false", "print one JSON value instead of text"},
    Setting{"output.stream", kBool, "no-stream", "", "true", "print the text as it comes", INT64_MIN, true},
    Setting{"output.file", kPath, "output,o", "", "",
            "receives the results of a run, a JSON object a line, in the order of the requests; until then "
            "they are in FILE.partial"},
    Setting{"output.resume", kBool, "resume", "", "false",
            "go on with a run that was broken off: what is in FILE.partial is not run again"},
    Setting{"output.receipt", kPath, "receipt", "", "",
            "receives what a run was made of and what came out, for tessera replay"},
};

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* find_setting(std::string_view key) {
  const auto* it =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.key == key; });
  return it == kSettings.end() ? nullptr : it;
}

std::string_view section_of(std::string_view key) {
  const size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

}  // namespace tessera
