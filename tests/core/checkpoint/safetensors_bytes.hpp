/// Bytes of safetensors files, good and bad, as readable text.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace tessera::testing {

/// A length field: 8 bytes, little-endian.
inline std::string length_field(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

/// A file of this header and so many bytes of data (1, 2, 3, ...).
inline std::string safetensors_bytes(std::string_view header, size_t data_bytes) {
  std::string bytes = length_field(header.size());
  bytes += header;
  for (size_t i = 1; i <= data_bytes; ++i) bytes += static_cast<char>(i);
  return bytes;
}

/// A file with one U8 tensor [length] filled with `value`.
inline std::string one_tensor(std::string_view name, size_t length, char value) {
  std::string size = std::to_string(length);
  std::string header = "{\"" + std::string(name) + "\":{\"dtype\":\"U8\",\"shape\":[" + size +
                       "],\"data_offsets\":[0," + size + "]}}";
  return safetensors_bytes(header, 0) + std::string(length, value);
}

/// The folder of the tests' data: tests/ of the source tree.
inline std::filesystem::path test_data() {
  const char* folder = std::getenv("TESSERA_TEST_DATA");
  return folder == nullptr ? "tests" : folder;
}

}  // namespace tessera::testing
