#include "plugins/qaic/backend/settings.hpp"

namespace tessera::qaic {

using sdk::ValueType;

// Spelt as Efficient Transformers spells them, where it has the thing.
std::vector<sdk::OptionInfo> declared_options() {
  return {
      {"prefill-seq-len", ValueType::kInt64, "32", "tokens of one prefill call"},
      {"prompt-len", ValueType::kInt64, "", "another name of prefill-seq-len"},
      {"ctx-len", ValueType::kInt64, "128", "positions that a slot holds"},
      {"seq-len", ValueType::kInt64List, "32", "of an encoder: lengths of its programs, ascending"},
      {"batch-size", ValueType::kInt64, "1", "rows of a call, without continuous batching"},
      {"full-batch-size", ValueType::kInt64, "0", "rows of a decode call; turns continuous batching on"},
      {"kv-cache-batch-size", ValueType::kInt64, "0", "slots held; default: full-batch-size"},
      {"continuous-batching", ValueType::kBool, "", "false: full-batch-size does not count"},
      {"prefill-only", ValueType::kBool, "", "true: no decode shapes; false: no prefill shapes"},
      {"ccl-enabled", ValueType::kBool, "false", "compute context lengths: attention reads what it needs"},
      {"comp-ctx-lengths-prefill", ValueType::kInt64List, "", "compute context lengths of prefill calls"},
      {"comp-ctx-lengths-decode", ValueType::kInt64List, "", "compute context lengths of decode calls"},
      {"speculative-model-type", ValueType::kText, "", "target: several logits a call; draft: as plain"},
      {"num-speculative-tokens", ValueType::kInt64List, "",
       "of a target: tokens that the draft proposes, K or K,K"},
      {"include-sampler", ValueType::kBool, "false", "tokens are drawn on the card: next_tokens, no logits"},
      {"max-top-k-ids", ValueType::kInt64, "512", "candidates that include-sampler draws from"},
      {"include-guided-decoding", ValueType::kBool, "false", "include-sampler takes token_bitmasks"},
      {"return-pdfs", ValueType::kBool, "false", "not built yet: refused"},
      {"token-type-ids", ValueType::kBool, "false", "of an encoder: a third input; else all types are 0"},
      {"pooling", ValueType::kText, "", "of an encoder: mean, cls or max in the program; default: none"},
      {"num-cores", ValueType::kInt64, "16", "cores of each device"},
      {"device-group", ValueType::kText, "", "device ids: 0,1 or [0,1]; default: the runtime picks one"},
      {"num-devices", ValueType::kInt64, "0", "devices of a program; default: those of device-group, else 1"},
      {"mdp-num-partitions", ValueType::kInt64, "1",
       "groups of layers, one behind the other; 1: tensor slicing"},
      {"mdp-load-partition-config", ValueType::kText, "", "partition file to use instead of one made here"},
      {"mxfp6-matmul", ValueType::kBool, "false", "weights of MatMul in MXFP6"},
      {"mxfp6", ValueType::kBool, "false", "another name of mxfp6-matmul"},
      {"mxint8-kv-cache", ValueType::kBool, "false", "keys and values in MXINT8"},
      {"mxint8", ValueType::kBool, "false", "another name of mxint8-kv-cache"},
      {"precision", ValueType::kText, "fp16", "arithmetic of the card: fp16 or fp32"},
      {"aic-hw-version", ValueType::kText, "ai100", "the card's generation: ai100 or ai200"},
      {"custom-io-file-path", ValueType::kText, "", "list of I/O types to use instead of one made here"},
      {"specializations", ValueType::kText, "flat", "form of specializations.json: flat or named"},
      {"aic-enable-depth-first", ValueType::kBool, "false", "compiler: depth-first order"},
      {"mos", ValueType::kInt64, "-1", "compiler: effort to reduce on-chip memory; -1: its own choice"},
      {"allow-mxint8-mdp-io", ValueType::kBool, "false", "compiler: traffic between devices in MXINT8"},
      {"compiler-options", ValueType::kText, "",
       "options of qaic-compile that have no name here, as it takes them: \"-ols=2 -multicast-weights\""},
      {"num-kv-heads-repeat", ValueType::kInt64, "1",
       "each key and value head so many times, for more devices than heads"},
      {"guard-indices", ValueType::kBool, "false", "a graph whose padding plain ONNX takes, too"},
      {"sdk", ValueType::kText, "/opt/qti-aic", "folder of the SDK"},
      {"compiler", ValueType::kText, "", "qaic-compile; default: QAIC_COMPILE, PATH, then the SDK's"},
      {"library", ValueType::kText, "", "libQAic.so; default: QAIC_LIB, the SDK's, the loader's search"},
      {"timeout-ms", ValueType::kInt64, "60000", "milliseconds that one run on the card may take"},
      {"recover", ValueType::kBool, "false", "after a lost device load the program again for new sequences"},
      {"dry-run", ValueType::kBool, "false", "write graph, files and command line, compile nothing"},
      {"output-dir", ValueType::kText, "", "folder that receives graph, files and program"},
      {"artefact-dir", ValueType::kText, "",
       "cache of compiled programs, or none; default: TESSERA_ARTEFACT_DIR, else ~/.cache/tessera"},
      {"use-onnx-subfunctions", ValueType::kBool, "false", "not built yet: refused"},
      {"lora-adapters", ValueType::kText, "", "not built yet: refused"},
      {"enable-qnn", ValueType::kBool, "false", "not built yet: refused"},
  };
}

}  // namespace tessera::qaic
