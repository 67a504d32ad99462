/// A compiled program, `programqpc.bin`, as far as this program reads it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "container.hpp"
#include "network_desc.hpp"

namespace tessera::qaic {

inline constexpr std::string_view kNetworkElf = "network.elf";
inline constexpr std::string_view kNetworkDesc = "networkdesc.bin";
inline constexpr std::string_view kConstantsDesc = "constantsdesc.bin";
inline constexpr std::string_view kConstants = "constants.bin";
/// Of programs that no card runs: the graph that the stand-in computes. Its presence is what tells them
/// apart.
inline constexpr std::string_view kStandInGraph = "tessera.standin.onnx";

struct Qpc {
  std::vector<Segment> segments;  ///< views into the bytes that were read
  NetworkDesc network;
  uint64_t static_constants_bytes = 0, dynamic_constants_bytes = 0;

  /// Made by the stand-in compiler: it runs on no card.
  bool stand_in() const { return find_segment(segments, kStandInGraph) != nullptr; }
};

/// Throws what read_container and read_network_desc throw, and kCorruptData naming a segment that is missing.
Qpc read_qpc(std::string_view file);

/// The 24 bytes of constantsdesc.bin.
std::string write_constants_desc(uint64_t static_bytes, uint64_t dynamic_bytes);

}  // namespace tessera::qaic
