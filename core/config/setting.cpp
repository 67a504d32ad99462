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
    Setting{"generate.temperature", kDouble, "temperature", "", "0", "0 is greedy, the only sampling so far"},

    Setting{"output.json", kBool, "json", "", "false", "print one JSON value instead of text"},
    Setting{"output.stream", kBool, "no-stream", "", "true", "print the text as it comes", INT64_MIN, true},
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
