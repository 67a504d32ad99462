/// A small QPC, byte by byte as the format's description says, independent of the writer that is tested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::qaic {

inline std::string u64(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

/// networkdesc.bin of "net", 2 cores: input x float [1, 4] (may be skipped), output y float16 [1, 2]; shapes
/// x [1, 4] y [1, 2], and x [1, 1] y [1, 2].
inline std::string hand_written_network() {
  using namespace std::string_literals;
  // IODescriptor: 1 type, 4 dims (packed)
  const std::string x = "\x22\x02\x01\x04"s, y = "\x08\x01\x22\x02\x01\x02"s;
  return "\x08\x09"        // 1 major_version 9
         "\x1a\x03net"s +  // 3 network_name
         "\x22\x11\x0a\x01x\x12\x04"s +
         x + "\x1a\x04"s + x +  // 4 input: 1 name, 2 io_initial, 3 io_transformed
         "\x28\x01"s +          //   5 is_partial_allowed
         "\x2a\x13\x0a\x01y\x12\x06"s + y + "\x1a\x06"s + y +                       // 5 output
         "\x38\x02"s +                                                              // 7 num_cores
         "\x70\x01"s +                                                              // 14 batch_size
         "\x92\x01\x0e\x0a\x04\x12\x02\x01\x04\x0a\x06\x08\x01\x12\x02\x01\x02"s +  // 18 allowed_shapes
         "\x92\x01\x0e\x0a\x04\x12\x02\x01\x01\x0a\x06\x08\x01\x12\x02\x01\x02"s;
}

/// The container of these segments whose pointers are relative to `base`; all sizes are multiples of 8.
inline std::string hand_written_qpc(uint64_t base = 0) {
  using namespace std::string_literals;
  const std::string elf(16, 'E'), network = hand_written_network(), constants = u64(8) + u64(16) + u64(0);
  const std::string weights(24, 'W');
  const size_t padding = (8 - network.size() % 8) % 8;
  // 40 header, 4 * 32 segments = 168; names: 16, 16, 24 and 16 bytes
  const uint64_t names = 168, bytes = names + 16 + 16 + 24 + 16;
  const uint64_t network_at = bytes + 16, constants_at = network_at + network.size() + padding;
  const uint64_t weights_at = constants_at + 24, size = weights_at + 24;
  return "\x7c\xcd\xa1\x00\x00\x01\x01\x00"s + u64(size) + u64(base) + u64(4) + u64(base + 40) +  //
         u64(16) + u64(0) + u64(base + names) + u64(base + bytes) +                               //
         u64(network.size()) + u64(0) + u64(base + names + 16) + u64(base + network_at) +         //
         u64(24) + u64(0) + u64(base + names + 32) + u64(base + constants_at) +                   //
         u64(24) + u64(8) + u64(base + names + 56) + u64(base + weights_at) +                     //
         "network.elf\0\0\0\0\0"s + "networkdesc.bin\0"s + "constantsdesc.bin\0\0\0\0\0\0\0"s +
         "constants.bin\0\0\0"s + elf + network + std::string(padding, '\0') + constants + weights;
}

}  // namespace tessera::qaic
