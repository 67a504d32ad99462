/// MDP JSON: how a program is spread over several devices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::qaic {

/// A file that the compiler reads with -mdp-load-partition-config.
struct PartitionFile {
  std::string name;  ///< "mdp_ts_4.json", "mdp_disagg_4d_2p.json"
  std::string text;
};

/// Every device works on every node (tensor slicing). Device ids are logical, 0 .. devices - 1, whatever the
/// physical ones are. Throws kInvalidArgument for fewer than 2 devices or cores below 1.
PartitionFile tensor_slicing(int64_t devices, int64_t cores);

/// Layers one behind the other on groups of devices (pipeline). `nodes`: the graph's node names in their
/// order, each once in the result; a node's layer is the N of a path part "layers.N", "h.N" or "layer_N",
/// other nodes stay with the partition before them. Throws kInvalidArgument when there are fewer layers than
/// partitions, or devices that do not divide by the partitions.
PartitionFile pipeline(int64_t devices, int64_t cores, int64_t partitions,
                       const std::vector<std::string>& nodes);

/// N of the node's layer, or -1: "layers.7/self_attn/q_proj" -> 7.
int64_t layer_of(std::string_view node);

/// Layers of each partition: equal, what is left over goes to those in the middle, then to the first.
std::vector<int64_t> layers_per_partition(int64_t layers, int64_t partitions);

}  // namespace tessera::qaic
