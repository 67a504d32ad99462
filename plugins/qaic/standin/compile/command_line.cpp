#include "command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

// Flags of the vendor's compiler that change speed, reports or memory, not what a graph computes here.
constexpr const char* kBareWithoutEffect[] = {
    "allow-mxint8-mdp-io",
    "compile-only",
    "sub-functions",
    "aic-enable-depth-first",
    "multicast-weights",
    "host-preproc",
    "aic-preproc",
    "io-crc",
    "aic-perf-metrics",
    "aic-perf-warnings",
    "time-passes",
    "ddr-stats",
    "always-expand-onnx-functions",
    "vvv",
    "user-tiled",
    "qpc-crc",
    "split-model-io",
};
constexpr const char* kValueWithoutEffect[] = {
    "mos",
    "ols",
    "mdts-mos",
    "aic-depth-first-mem",
    "allocator-dealloc-delay",
    "size-split-granularity",
    "vtcm-working-set-limit-ratio",
    "use-producer-dma",
    "sdp-cluster-sizes",
    "combine-inputs",
    "combine-outputs",
    "io-crc-stride",
    "stats-level",
    "stats-batchsize",
    "max-compilation-threads",
    "compile-threads",
    "aic-pmu-recipe",
    "aic-pmu-events",
    "aic-num-of-instances",
    "device-id",
    "node-precision-info",
};

template <size_t N>
bool contains(const char* const (&list)[N], const std::string& name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

int cores_of(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 16)
    refuse(fmt::format("-aic-num-cores={}: expected 1 to 16", text));
  return value;
}

bool take_bare(CommandLine& line, const std::string& name) {
  if (name == "aic-hw")
    line.aic_hw = true;
  else if (name == "convert-to-fp16")
    line.fp16 = true;
  else if (name == "mxfp6-matmul")
    line.mxfp6_matmul = true;
  else if (name == "retained-state")
    line.retained_state = true;
  else if (name == "h" || name == "help" || name == "u" || name == "usage")
    line.help = true;
  else if (name == "version-extended" || name == "version")
    line.version = true;
  else
    return false;
  return true;
}

bool take_value(CommandLine& line, const std::string& name, const std::string& value) {
  if (name == "m" || name == "model")
    line.model = value;
  else if (name == "aic-binary-dir")
    line.binary_dir = value;
  else if (name == "aic-hw-version")
    line.hw_version = value;
  else if (name == "aic-num-cores")
    line.num_cores = cores_of(value);
  else if (name == "network-specialization-config")
    line.specializations = value;
  else if (name == "custom-IO-list-file")
    line.custom_io = value;
  else if (name == "mdp-load-partition-config")
    line.mdp = value;
  else
    return false;
  return true;
}

void take(CommandLine& line, const std::string& arg) {
  if (arg.size() < 2 || arg[0] != '-') refuse(fmt::format("unexpected argument '{}'", arg));
  const std::string text = arg.substr(arg[1] == '-' ? 2 : 1);
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const bool has_value = equals != std::string::npos;
  const std::string value = has_value ? text.substr(equals + 1) : "";
  if (has_value && value.empty()) refuse(fmt::format("'-{}' has no value", name));
  if (has_value ? take_value(line, name, value) : take_bare(line, name)) return;
  if (has_value ? contains(kValueWithoutEffect, name) : contains(kBareWithoutEffect, name)) {
    line.without_effect.push_back(arg);
    return;
  }
  refuse(fmt::format("unknown command line argument '{}'. Try: 'qaic-compile --help'", arg));
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& args) {
  CommandLine line;
  for (const std::string& arg : args) take(line, arg);
  if (line.help || line.version) return line;
  if (line.model.empty()) refuse("no model: give -m=<model.onnx>");
  if (!line.aic_hw) refuse("-aic-hw is mandatory");
  if (line.binary_dir.empty()) refuse("no output: give -aic-binary-dir=<folder>");
  if (line.hw_version != "ai100" && line.hw_version != "2.0")
    refuse(fmt::format("-aic-hw-version={}: the stand-in knows ai100 (2.0)", line.hw_version));
  return line;
}

}  // namespace tessera::qaic::standin
