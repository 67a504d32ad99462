#include "plugins/qaic/backend/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kCoresOfDevice = 16;

[[noreturn]] void refuse(const char* key, std::string message, std::string remedy) {
  throw Error(ErrorCode::kInvalidArgument, std::move(message)).key(key).remedy(std::move(remedy));
}

void refuse_unbuilt(const sdk::Options& options) {
  const auto refuse_feature = [](const char* key, const char* feature) {
    throw Error(ErrorCode::kNotSupported, fmt::format("{} is not built yet", feature))
        .key(key)
        .remedy(fmt::format("leave {} out; docs/qaic.md lists what there is", key));
  };
  if (options.flag("use-onnx-subfunctions"))
    refuse_feature("use-onnx-subfunctions", "a graph of sub-functions");
  if (options.has("lora-adapters") && !options.text("lora-adapters").empty())
    refuse_feature("lora-adapters", "LoRA for the card");
  if (options.flag("return-pdfs")) refuse_feature("return-pdfs", "a sampler that gives probabilities");
  if (options.flag("enable-qnn")) refuse_feature("enable-qnn", "compiling with QNN");
  if (options.has("speculative-model-type") && options.text("speculative-model-type") == "turbo")
    refuse_feature("speculative-model-type", "turbo (projection heads)");
}

int64_t at_least(const sdk::Options& options, const char* name, int64_t least) {
  const int64_t value = options.integer(name);
  if (value < least)
    refuse(name, fmt::format("{} is {}, expected {} or more", name, value, least), "give it another value");
  return value;
}

std::string one_of(const sdk::Options& options, const char* name, const std::vector<std::string>& words) {
  const std::string& text = options.text(name);
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  refuse(name, fmt::format("{} is '{}'", name, text), did_you_mean(text, words));
}

/// Either of two names of one thing.
int64_t prefill_seq_len(const sdk::Options& options) {
  if (!options.given("prompt-len")) return options.integer("prefill-seq-len");
  const int64_t value = options.integer("prompt-len");
  if (!options.given("prefill-seq-len") || options.integer("prefill-seq-len") == value) return value;
  refuse("prompt-len", "prefill-seq-len and prompt-len differ, but are one thing", "give one of them");
}

bool is_target(const sdk::Options& options) {
  const bool given = options.has("speculative-model-type") && !options.text("speculative-model-type").empty();
  return given && one_of(options, "speculative-model-type", {"target", "draft"}) == "target";
}

int64_t full_batch_size(const sdk::Options& options) {
  const int64_t rows = options.integer("full-batch-size");
  if (!options.given("continuous-batching")) return rows;
  if (!options.flag("continuous-batching")) return 0;
  if (rows == 0)
    refuse("full-batch-size", "continuous batching needs full-batch-size", "give the rows of a decode call");
  return rows;
}

Phase phase(const sdk::Options& options) {
  if (!options.given("prefill-only")) return Phase::kBoth;
  return options.flag("prefill-only") ? Phase::kPrefillOnly : Phase::kDecodeOnly;
}

std::vector<int64_t> list(const sdk::Options& options, const char* name) {
  return options.has(name) ? options.integers(name) : std::vector<int64_t>();
}

DecoderShapes shapes_of(const sdk::Options& options, const GraphFacts& facts) {
  DecoderShapes shapes;
  shapes.prefill_seq_len = prefill_seq_len(options);
  shapes.ctx_len = options.integer("ctx-len");
  shapes.batch_size = options.integer("batch-size");
  shapes.full_batch_size = full_batch_size(options);
  shapes.kv_cache_batch_size = options.integer("kv-cache-batch-size");
  shapes.speculative_target = is_target(options);
  shapes.num_speculative_tokens = list(options, "num-speculative-tokens");
  shapes.ccl_enabled = options.flag("ccl-enabled");
  shapes.comp_ctx_lengths_prefill = list(options, "comp-ctx-lengths-prefill");
  shapes.comp_ctx_lengths_decode = list(options, "comp-ctx-lengths-decode");
  shapes.phase = phase(options);
  shapes.max_positions = facts.max_positions;
  check_shapes(shapes);
  return shapes;
}

WeightType weight_type(const Settings& settings, const GraphFacts& facts) {
  if (!facts.bfloat16_weights || settings.hardware == "ai200") return WeightType::kAsStored;
  return settings.fp16 ? WeightType::kFloat16 : WeightType::kFloat32;
}

std::optional<GraphSampler> sampler_of(const sdk::Options& options, bool speculative_target) {
  if (!options.flag("include-sampler")) {
    for (const char* name : {"max-top-k-ids", "include-guided-decoding"}) {
      if (options.given(name))
        refuse(name, fmt::format("{} is given without include-sampler", name), "set include-sampler");
    }
    return std::nullopt;
  }
  if (speculative_target) {
    throw Error(ErrorCode::kNotSupported, "a speculative target gives logits, which its host compares")
        .key("include-sampler")
        .remedy("leave include-sampler or speculative-model-type out");
  }
  return GraphSampler{at_least(options, "max-top-k-ids", 1), options.flag("include-guided-decoding")};
}

std::string pooling_of(const sdk::Options& options, const GraphFacts& facts) {
  if (!options.has("pooling") || options.text("pooling").empty()) return {};
  if (facts.task == "feature-extraction") return one_of(options, "pooling", {"mean", "cls", "max"});
  refuse("pooling",
         fmt::format("pooling is '{}', but a graph for '{}' has no hidden states to pool",
                     options.text("pooling"), facts.task),
         "leave pooling out, or load an encoder for feature-extraction");
}

void read_encoder(const sdk::Options& options, const GraphFacts& facts, Settings& settings) {
  settings.shapes.batch_size = at_least(options, "batch-size", 1);
  settings.seq_lens = options.integers("seq-len");
  for (const int64_t length : settings.seq_lens) {
    if (facts.max_positions == 0 || length <= facts.max_positions) continue;
    refuse("seq-len",
           fmt::format("seq-len is {}, the model's position table has {} rows", length, facts.max_positions),
           fmt::format("choose {} at most", facts.max_positions));
  }
  settings.encoder = {options.flag("token-type-ids"), settings.fp16, pooling_of(options, facts),
                      weight_type(settings, facts)};
}

void read_graph(const sdk::Options& options, const GraphFacts& facts, Settings& settings) {
  if (!facts.decoder()) return read_encoder(options, facts, settings);
  pooling_of(options, facts);
  settings.shapes = shapes_of(options, facts);
  const DecoderShapes& shapes = settings.shapes;
  settings.decoder.continuous_batching = shapes.continuous_batching();
  settings.decoder.speculative_target = shapes.speculative_target;
  settings.decoder.ccl = shapes.ccl_enabled;
  settings.decoder.sampler = sampler_of(options, shapes.speculative_target);
  settings.decoder.guard_indices = options.flag("guard-indices");
  settings.decoder.rotary_rows = shapes.ccl_enabled ? context_lengths(shapes).ctx_len : shapes.ctx_len;
  settings.decoder.kv_head_copies = at_least(options, "num-kv-heads-repeat", 1);
  settings.decoder.weights = weight_type(settings, facts);
}

void read_devices(const sdk::Options& options, Settings& settings) {
  settings.num_cores = at_least(options, "num-cores", 1);
  if (settings.num_cores > kCoresOfDevice) {
    refuse("num-cores", fmt::format("num-cores is {}, a device has {}", settings.num_cores, kCoresOfDevice),
           "spread the program over several devices with device-group");
  }
  if (options.has("device-group")) settings.device_group = parse_device_group(options.text("device-group"));
  const auto named = static_cast<int64_t>(settings.device_group.size());
  settings.num_devices = at_least(options, "num-devices", 0);
  if (settings.num_devices == 0) settings.num_devices = std::max<int64_t>(named, 1);
  if (named > 0 && named != settings.num_devices) {
    refuse("num-devices",
           fmt::format("num-devices is {}, device-group names {}", settings.num_devices, named),
           "give one of the two");
  }
  settings.mdp_num_partitions = at_least(options, "mdp-num-partitions", 1);
  if (settings.mdp_num_partitions > settings.num_devices) {
    refuse("mdp-num-partitions",
           fmt::format("{} partitions on {} devices", settings.mdp_num_partitions, settings.num_devices),
           "give one device or more to each partition");
  }
  settings.partition_file =
      options.has("mdp-load-partition-config") ? options.text("mdp-load-partition-config") : "";
}

void read_compiler(const sdk::Options& options, Settings& settings) {
  settings.hardware = one_of(options, "aic-hw-version", {"ai100", "ai200"});
  settings.fp16 = one_of(options, "precision", {"fp16", "fp32"}) == "fp16";
  settings.mxfp6_matmul = options.flag("mxfp6-matmul") || options.flag("mxfp6");
  settings.mxint8_kv_cache = options.flag("mxint8-kv-cache") || options.flag("mxint8");
  settings.form = parse_specialization_form(options.text("specializations"));
  settings.custom_io_file = options.has("custom-io-file-path") ? options.text("custom-io-file-path") : "";
  settings.sdk = options.text("sdk");
  settings.sdk_given = options.given("sdk");
  if (options.has("compiler")) settings.compiler_given = options.text("compiler");
  settings.compiler = compiler_of_command(settings.compiler_choice());
  if (options.has("library")) settings.library = options.text("library");
  settings.timeout_ms = at_least(options, "timeout-ms", 1);
  settings.recover = options.flag("recover");
  auto& passed = settings.compiler_options;
  for (const char* name : {"aic-enable-depth-first", "allow-mxint8-mdp-io"}) {
    if (options.flag(name)) passed.emplace_back(name, "true");
  }
  if (options.integer("mos") >= 0) passed.emplace_back("mos", std::to_string(options.integer("mos")));
  if (!options.has("compiler-options")) return;
  for (auto& option : parse_compiler_options(options.text("compiler-options")))
    passed.push_back(std::move(option));
}

}  // namespace

GraphFacts facts_of(const graph::Model& model) {
  GraphFacts facts;
  if (const std::string* task = graph::find_metadata(model, graph::metadata::kTask)) facts.task = *task;
  if (facts.decoder() || graph::find_metadata(model, graph::metadata::kMaxPositions))
    facts.max_positions = graph::metadata_int(model, graph::metadata::kMaxPositions);
  for (const graph::Tensor& tensor : model.graph.initializers)
    facts.bfloat16_weights = facts.bfloat16_weights || tensor.dtype == graph::DataType::kBfloat16;
  return facts;
}

Settings read_settings(const sdk::Options& options, const GraphFacts& facts) {
  refuse_unbuilt(options);
  Settings settings;
  read_compiler(options, settings);
  read_devices(options, settings);
  read_graph(options, facts, settings);
  settings.dry_run = options.flag("dry-run");
  settings.output_dir = options.has("output-dir") ? options.text("output-dir") : "";
  settings.artefact_dir = options.has("artefact-dir") ? options.text("artefact-dir") : "";
  return settings;
}

std::vector<std::pair<std::string, std::string>> parse_compiler_options(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> options;
  for (;;) {
    const size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return options;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (word.front() != '-' || word.find_first_not_of('-') == std::string_view::npos) {
      refuse("compiler-options", fmt::format("'{}' is no option of the compiler", word),
             "write them as the compiler takes them: \"-ols=2 -multicast-weights\"");
    }
    const size_t equals = word.find('=');
    const std::string value(equals == std::string_view::npos ? "true" : word.substr(equals + 1));
    options.emplace_back(word.substr(0, equals), value);
  }
}

std::vector<int64_t> parse_device_group(std::string_view text) {
  const std::string given(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  std::vector<int64_t> devices;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find_first_of(",:"));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const size_t first = std::min(item.find_first_not_of(' '), item.size());
    int64_t id = -1;
    const auto [end, failure] = std::from_chars(item.data() + first, item.data() + item.size(), id);
    const bool whole = failure == std::errc() && end == item.data() + item.size() && id >= 0;
    if (!whole)
      refuse("device-group", fmt::format("'{}' is no list of device ids", given), "write 0,1 or [0,1]");
    if (std::find(devices.begin(), devices.end(), id) != devices.end())
      refuse("device-group", fmt::format("device {} is named twice", id), "name each device once");
    devices.push_back(id);
  }
  return devices;
}

}  // namespace tessera::qaic
