/// aicnwdesc.networkDescriptor, the segment `networkdesc.bin`: what the compiler says about its network
/// (protobuf, proto3). The runtime makes its IoDesc of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io_data_type.hpp"
#include "io_desc.hpp"

namespace tessera::qaic {

/// An input or output as the host sees it; what the device sees is skipped.
struct NetworkBinding {
  std::string name;
  IoDataType type = IoDataType::kFloat;
  float quant_scale = 0;
  int32_t quant_offset = 0;
  std::vector<int64_t> dims;  ///< of the largest specialization
  bool partial_allowed = false;
};

struct NetworkDesc {
  int64_t major_version = 9, minor_version = 0;  ///< another version is worth a warning, no more
  std::string name;
  std::vector<NetworkBinding> inputs, outputs;
  int64_t num_cores = 0;  ///< NSPs that an activation takes, on each device
  int64_t batch_size = 0;
  std::vector<IoShapes> allowed_shapes;  ///< by binding: inputs, then outputs; empty: one fixed shape
};

/// Throws kCorruptData with the path of the field and its byte, also for a specialization that has not one
/// shape for each binding.
NetworkDesc read_network_desc(std::string_view bytes);
std::string write_network_desc(const NetworkDesc& desc);

/// The runtime's view: bindings are inputs, then outputs, in network order, in the set "default". Throws
/// kCorruptData for a binding of 4 GiB or more, whose size has no room in the descriptor.
IoDesc io_desc_of(const NetworkDesc& desc);

}  // namespace tessera::qaic
