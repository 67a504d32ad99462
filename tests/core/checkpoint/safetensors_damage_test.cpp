// Damage of every kind to a good file: an error or an answer, never a crash.
#include <gtest/gtest.h>

#include "core/checkpoint/safetensors.hpp"
#include "safetensors_bytes.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

using test::TemporaryFolder;
using testing::safetensors_bytes;

const char* const kSample =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("\u00e9":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},"z":{"dtype":"I64","shape":[0],"data_offsets":[26,26]}})";

/// Opens the bytes as a file; when they are accepted, touches every tensor. True when accepted.
bool survives(const std::filesystem::path& path) {
  try {
    SafetensorsFile file = SafetensorsFile::open(path);
    for (const StoredTensor& tensor : file.tensors()) {
      EXPECT_LE(tensor.offset + tensor.length, file.file()->size());
      if (tensor.dtype != DType::kF8E4M3 && tensor.dtype != DType::kF8E5M2) file.floats(tensor.name);
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(Safetensors, EveryTruncationIsRefused) {
  TemporaryFolder folder;
  std::string bytes = safetensors_bytes(kSample, 26);
  ASSERT_TRUE(survives(folder.write("f", bytes)));
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(survives(folder.write("f", std::string_view(bytes).substr(0, length)))) << length;
  }
}

TEST(Safetensors, EveryFlippedByteIsSurvived) {
  TemporaryFolder folder;
  const std::string good = safetensors_bytes(kSample, 26);
  size_t header_end = 8 + std::string_view(kSample).size();
  size_t refused = 0;
  for (size_t i = 0; i < header_end; ++i) {
    for (int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      refused += survives(folder.write("f", bytes)) ? 0 : 1;
    }
  }
  // Only letters of names, metadata and unknown fields may change without harm.
  EXPECT_GT(refused, header_end * 9 * 3 / 4);
}

}  // namespace
}  // namespace tessera
