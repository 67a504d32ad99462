#include "plugins/qaic/files/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kMostLayers = 100'000;  // a larger number in a name counts something else

[[noreturn]] void refuse(const char* key, std::string message, const char* remedy) {
  throw Error(ErrorCode::kInvalidArgument, std::move(message)).key(key).remedy(remedy);
}

void check(int64_t devices, int64_t cores) {
  if (devices < 2)
    refuse("num_devices", fmt::format("a partition file for {} devices", devices), "give 2 devices or more");
  if (cores < 1) refuse("num_cores", fmt::format("num_cores is {}", cores), "give 1 core or more");
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + '"';
}

struct Partition {
  int64_t first_device, devices;
  std::vector<std::string> nodes;  ///< empty: all, and not written
};

std::string partition_text(size_t number, const Partition& partition, int64_t cores) {
  std::vector<std::string> devices, nodes;
  for (int64_t i = 0; i < partition.devices; ++i) {
    devices.push_back(fmt::format(
        "                {{\n                    \"deviceId\":{},\n                    \"numCores\":{}\n"
        "                }}",
        partition.first_device + i, cores));
  }
  for (const std::string& node : partition.nodes) nodes.push_back("                " + quoted(node));
  const std::string list = nodes.empty() ? std::string()
                                         : fmt::format("            \"nodeList\":[\n{}\n            ],\n",
                                                       fmt::join(nodes, ",\n"));
  return fmt::format(
      "        {{\n            \"name\":\"Partition{}\",\n{}            \"devices\":[\n{}\n            ]\n   "
      "     }}",
      number, list, fmt::join(devices, ",\n"));
}

std::string file_text(int64_t devices, int64_t cores, const std::vector<Partition>& partitions) {
  std::vector<int64_t> ids(static_cast<size_t>(devices));
  std::iota(ids.begin(), ids.end(), 0);
  std::vector<std::string> texts;
  for (size_t i = 0; i < partitions.size(); ++i) texts.push_back(partition_text(i, partitions[i], cores));
  return fmt::format(
      "{{\n    \"connections\":[\n        {{\n            \"devices\":[{}],\n            \"type\":\"p2p\"\n  "
      "      "
      "}}\n    ],\n    \"partitions\":[\n{}\n    ]\n}}\n",
      fmt::join(ids, ","), fmt::join(texts, ",\n"));
}

/// N of "layers.N"; -1 for another part.
int64_t layer_of_part(std::string_view part) {
  for (const std::string_view prefix : {"layers.", "h.", "layer_"}) {
    if (part.substr(0, prefix.size()) != prefix) continue;
    int64_t number = -1;
    const char* end = part.data() + part.size();
    const auto [stop, failure] = std::from_chars(part.data() + prefix.size(), end, number);
    if (failure == std::errc() && stop == end && number >= 0 && number < kMostLayers) return number;
  }
  return -1;
}

}  // namespace

int64_t layer_of(std::string_view node) {
  while (!node.empty()) {
    const size_t slash = node.find('/');
    const int64_t layer = layer_of_part(node.substr(0, slash));
    if (layer >= 0) return layer;
    node = slash == std::string_view::npos ? std::string_view() : node.substr(slash + 1);
  }
  return -1;
}

std::vector<int64_t> layers_per_partition(int64_t layers, int64_t partitions) {
  std::vector<int64_t> counts(static_cast<size_t>(partitions), layers / partitions);
  int64_t left = layers % partitions;
  for (size_t i = 1; i + 1 < counts.size() && left > 0; ++i, --left) ++counts[i];
  counts[0] += left;  // at most 1: what is left is less than the partitions, and the last gets none
  return counts;
}

PartitionFile tensor_slicing(int64_t devices, int64_t cores) {
  check(devices, cores);
  return {fmt::format("mdp_ts_{}.json", devices), file_text(devices, cores, {{0, devices, {}}})};
}

PartitionFile pipeline(int64_t devices, int64_t cores, int64_t partitions,
                       const std::vector<std::string>& nodes) {
  check(devices, cores);
  int64_t layers = 0;
  for (const std::string& node : nodes) layers = std::max(layers, layer_of(node) + 1);
  if (partitions < 2 || partitions > layers) {
    refuse("mdp_num_partitions", fmt::format("{} partitions of {} layers", partitions, layers),
           "choose 2 partitions or more, and no more than there are layers");
  }
  if (devices % partitions != 0) {
    refuse("mdp_num_partitions", fmt::format("{} devices in {} equal partitions", devices, partitions),
           "choose a number of partitions that divides the devices");
  }
  std::vector<Partition> parts;
  std::vector<size_t> partition_of_layer;
  for (const int64_t count : layers_per_partition(layers, partitions)) {
    partition_of_layer.insert(partition_of_layer.end(), static_cast<size_t>(count), parts.size());
    const int64_t each = devices / partitions;
    parts.push_back({static_cast<int64_t>(parts.size()) * each, each, {}});
  }
  size_t current = 0;
  for (const std::string& node : nodes) {
    const int64_t layer = layer_of(node);
    if (layer >= 0) current = partition_of_layer[static_cast<size_t>(layer)];
    parts[current].nodes.push_back(node);
  }
  return {fmt::format("mdp_disagg_{}d_{}p.json", devices, partitions), file_text(devices, cores, parts)};
}

}  // namespace tessera::qaic
