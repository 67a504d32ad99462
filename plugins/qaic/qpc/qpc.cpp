#include "qpc.hpp"

#include <cstring>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr size_t kConstantsDescBytes = 24;  // AICConstantDescriptor: two u64, two u8, padding

const Segment& needed(const std::vector<Segment>& segments, std::string_view name) {
  if (const Segment* segment = find_segment(segments, name)) return *segment;
  throw Error(ErrorCode::kCorruptData, "malformed qpc: it has no segment '" + std::string(name) + "'")
      .key(name)
      .remedy("compile the model again");
}

}  // namespace

Qpc read_qpc(std::string_view file) {
  Qpc qpc;
  qpc.segments = read_container(file);
  needed(qpc.segments, kNetworkElf);
  const Segment& network = needed(qpc.segments, kNetworkDesc);
  const Segment& constants = needed(qpc.segments, kConstantsDesc);
  try {
    qpc.network = read_network_desc(network.bytes);
  } catch (Error& error) {
    error.add_context("reading segment 'networkdesc.bin', whose bytes the offset counts");
    throw;
  }
  if (constants.bytes.size() < kConstantsDescBytes)
    throw Error(ErrorCode::kCorruptData, "malformed qpc: segment 'constantsdesc.bin' has " +
                                             std::to_string(constants.bytes.size()) + " bytes, expected 24")
        .key(kConstantsDesc);
  std::memcpy(&qpc.static_constants_bytes, constants.bytes.data(), sizeof(uint64_t));
  std::memcpy(&qpc.dynamic_constants_bytes, constants.bytes.data() + sizeof(uint64_t), sizeof(uint64_t));
  return qpc;
}

std::string write_constants_desc(uint64_t static_bytes, uint64_t dynamic_bytes) {
  std::string bytes(kConstantsDescBytes, '\0');
  std::memcpy(bytes.data(), &static_bytes, sizeof static_bytes);
  std::memcpy(bytes.data() + sizeof static_bytes, &dynamic_bytes, sizeof dynamic_bytes);
  return bytes;
}

}  // namespace tessera::qaic
