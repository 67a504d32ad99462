// Bytes that break protobuf's encoding, or ONNX's use of it, get an error that says where; never a crash.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "onnx_protos.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tessera/sdk/wire/message_writer.hpp"

namespace tessera::graph {
namespace {

// A copy of exactly the bytes given, so that the address sanitizer sees a read of one byte too many.
bool reads(std::string_view bytes) {
  const auto copy = std::make_unique<char[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  try {
    write_model(read_model(std::string_view(copy.get(), bytes.size())));
    return true;
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::kCorruptData || error.code() == ErrorCode::kInvalidArgument);
    EXPECT_FALSE(error.key_name().empty());
    return false;
  }
}

TEST(WireHostile, TruncationAtEveryByteIsAnErrorOrAShorterModel) {
  const std::string bytes = model_with_everything().SerializeAsString();
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size)
    refused += reads(std::string_view(bytes).substr(0, size)) ? 0 : 1;
  // A cut between two fields of the model leaves a valid message; everywhere else it is noticed.
  EXPECT_GT(refused, static_cast<int>(bytes.size() * 9 / 10));
}

TEST(WireHostile, NoFlippedBitCrashes) {
  const std::string bytes = model_with_everything().SerializeAsString();
  int refused = 0;
  // Two bits of each byte, others than of its neighbours: all bits would take a minute under a sanitizer.
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const size_t bit : {at % 8, (at + 4) % 8}) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      refused += reads(flipped) ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(WireHostile, RandomBytesDoNotCrash) {
  uint64_t state = 1;
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(round % 64, '\0');
    for (char& byte : bytes) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<char>(state >> 56);
    }
    refused += reads(bytes) ? 0 : 1;
  }
  EXPECT_GT(refused, 0);
}

struct BadModel {
  const char* name;
  std::string bytes;
  const char* message;
  const char* key;
  uint64_t offset;
};
class WireError : public testing::TestWithParam<BadModel> {};

TEST_P(WireError, NamesFieldAndOffset) {
  const BadModel& bad = GetParam();
  try {
    read_model(bad.bytes);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_EQ(error.message(), std::string("malformed onnx model: ") + bad.message);
    EXPECT_EQ(error.key_name(), bad.key);
    EXPECT_EQ(error.byte_offset(), bad.offset);
  }
}

std::string nested(std::string_view field, std::string_view content) {
  return std::string(field) + static_cast<char>(content.size()) + std::string(content);
}
// graph.node[1].attribute[0] with these fields
std::string attribute(std::string_view fields) {
  return nested("\x3a", nested("\x0a", "") + nested("\x0a", nested("\x2a", fields)));
}
// graph.initializer[0] with these fields
std::string tensor(std::string_view fields) {
  return nested("\x3a", nested("\x2a", fields));
}
std::string entry(std::string_view key, std::string_view value) {
  return nested("\x6a", nested("\x0a", key) + nested("\x12", value));
}

// Graphs inside one another (graph.node.attribute.g), deeper than any stack would bear.
std::string deep_model() {
  std::string bytes;
  const auto enclose = [&](uint32_t field) {
    std::string outer;
    wire::MessageWriter(outer).text(field, bytes);
    bytes = std::move(outer);
  };
  for (int level = 0; level < 3000; ++level) {
    for (const uint32_t field : {6, 5, 1}) enclose(field);
  }
  enclose(7);
  return bytes;
}

TEST(WireHostile, NestingBeyondTheLimitIsRefused) {
  try {
    read_model(deep_model());
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("nested deeper than 100 messages"), std::string::npos) << error.message();
  }
}

const std::string kTenTimesFf(10, '\xff');

INSTANTIATE_TEST_SUITE_P(
    Table, WireError,
    testing::Values(
        BadModel{"LengthBeyondTheEnd",
                 attribute("\x0a\x7f"
                           "ab"),
                 "graph.node[1].attribute[0].name says it has 127 bytes, but 2 are left",
                 "graph.node[1].attribute[0].name", 8},
        BadModel{"WrongWireType", std::string("\x38\x01", 2), "graph has wire type 0, expected 2", "graph",
                 0},
        BadModel{"FieldZero", std::string("\x02\x00", 2), "model has field number 0", "model", 0},
        BadModel{"Group", "\xfb\x01", "model has wire type 3, which no field has", "model", 0},
        BadModel{"NumberTooLong", "\x08" + kTenTimesFf, "ir_version has a number of more than 64 bits",
                 "ir_version", 0},
        BadModel{"NumberCut", "\x08\xff", "ir_version ends inside a number", "ir_version", 0},
        BadModel{"TwoGraphs", std::string("\x3a\x00\x3a\x00", 4), "graph appears twice", "graph", 2},
        BadModel{"ValueNotOfItsType",
                 attribute(std::string("\x0a\x01"
                                       "a\x18\x01\xa0\x01\x01",
                                       8)),
                 "graph.node[1].attribute[0] ('a') has a value that is not of its type",
                 "graph.node[1].attribute[0]", 13},
        BadModel{"FloatDataInInt64Tensor", tensor(std::string("\x10\x07\x25\x00\x00\x00\x00", 7)),
                 "graph.initializer[0].float_data cannot hold elements of type int64",
                 "graph.initializer[0].float_data", 6},
        BadModel{"RawBesideTyped", tensor(std::string("\x10\x06\x28\x01\x4a\x01z", 7)),
                 "graph.initializer[0].raw_data stands beside a typed field", "graph.initializer[0].raw_data",
                 8},
        BadModel{"TwoTypedFields", tensor(std::string("\x10\x06\x28\x01\x38\x01", 6)),
                 "graph.initializer[0].int64_data stands beside int32_data",
                 "graph.initializer[0].int64_data", 8},
        BadModel{"ExternalWithoutLocation", tensor(std::string("\x70\x01", 2)),
                 "graph.initializer[0].external_data has no location", "graph.initializer[0].external_data",
                 4},
        BadModel{"ExternalOffsetIsText", tensor(entry("offset", "-1")),
                 "graph.initializer[0].external_data has '-1' where a number of bytes is expected",
                 "graph.initializer[0].external_data", 4},
        BadModel{"ExternalBesideRaw", tensor(entry("location", "a") + "\x4a\x01z" + "\x70\x01"),
                 "graph.initializer[0].raw_data stands beside external data", "graph.initializer[0].raw_data",
                 22}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tessera::graph
