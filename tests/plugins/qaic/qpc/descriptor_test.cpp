#include <gtest/gtest.h>

#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/qpc/hand_written.hpp"

namespace tessera::qaic {
namespace {

TEST(NetworkDesc, IsReadFromHandWrittenBytes) {
  const NetworkDesc desc = read_network_desc(hand_written_network());
  EXPECT_EQ(desc.major_version, 9);
  EXPECT_EQ(desc.name, "net");
  EXPECT_EQ(desc.num_cores, 2);
  EXPECT_EQ(desc.batch_size, 1);
  ASSERT_EQ(desc.inputs.size(), 1u);
  EXPECT_EQ(desc.inputs[0].name, "x");
  EXPECT_EQ(desc.inputs[0].type, IoDataType::kFloat);
  EXPECT_EQ(desc.inputs[0].dims, (std::vector<int64_t>{1, 4}));
  EXPECT_TRUE(desc.inputs[0].partial_allowed);
  ASSERT_EQ(desc.outputs.size(), 1u);
  EXPECT_EQ(desc.outputs[0].type, IoDataType::kFloat16);
  ASSERT_EQ(desc.allowed_shapes.size(), 2u);
  EXPECT_EQ(desc.allowed_shapes[1][0], (TensorShape{IoDataType::kFloat, {1, 1}}));
  EXPECT_EQ(desc.allowed_shapes[1][1], (TensorShape{IoDataType::kFloat16, {1, 2}}));
}

TEST(NetworkDesc, IsWrittenAsItWasRead) {
  EXPECT_EQ(write_network_desc(read_network_desc(hand_written_network())), hand_written_network());
}

TEST(NetworkDesc, RefusesASpecializationOfOtherBindings) {
  NetworkDesc desc = read_network_desc(hand_written_network());
  desc.allowed_shapes[1].pop_back();
  EXPECT_THROW(read_network_desc(write_network_desc(desc)), Error);
}

TEST(NetworkDesc, SurvivesTruncationAndFlippedBits) {
  const std::string bytes = hand_written_network();
  const auto survives = [](const std::string& damaged) {
    try {
      io_desc_of(read_network_desc(damaged));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
    }
  };
  for (size_t size = 0; size < bytes.size(); ++size) survives(bytes.substr(0, size));
  for (size_t at = 0; at < 8 * bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << at % 8));
    survives(flipped);
  }
}

TEST(IoDesc, HasInputsBeforeOutputsAndTheirSizes) {
  const IoDesc desc = io_desc_of(read_network_desc(hand_written_network()));
  EXPECT_EQ(desc.selected_set.name, "default");
  ASSERT_EQ(desc.selected_set.bindings.size(), 2u);
  const IoBinding& x = desc.selected_set.bindings[0];
  const IoBinding& y = desc.selected_set.bindings[1];
  EXPECT_FALSE(x.output);
  EXPECT_EQ(x.size, 16u);
  EXPECT_TRUE(x.partial_allowed);
  EXPECT_EQ(y.index, 1u);
  EXPECT_TRUE(y.output);
  EXPECT_EQ(y.size, 4u);
}

TEST(IoDesc, IsReadFromHandWrittenBytes) {
  using namespace std::string_literals;
  // IoSet "default" with binding y: 1 name, 2 index 1, 3 type fp16, 4 dir 1, 5 scale 0.5, 6 offset -1, 7 dims
  // [1, 2] one by one, 8 size 4, 9 something unknown, 10 partial, 20 valid
  const std::string binding = "\x0a\x01y\x10\x01\x18\x01\x20\x01\x2d\x00\x00\x00\x3f"s +
                              "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s +
                              "\x38\x01\x38\x02\x40\x04\x4a\x00\x50\x01\xa0\x01\x01"s;
  const std::string set = "\x0a\x07"s + "default" + "\x12"s + static_cast<char>(binding.size()) + binding;
  const IoDesc desc = read_io_desc("\x12"s + static_cast<char>(set.size()) + set + "\x1a\x03net"s);
  EXPECT_EQ(desc.program_name, "net");
  ASSERT_EQ(desc.selected_set.bindings.size(), 1u);
  const IoBinding& y = desc.selected_set.bindings[0];
  EXPECT_EQ(y, (IoBinding{"y", 1, IoDataType::kFloat16, true, 0.5f, -1, {1, 2}, 4, true}));
}

TEST(IoDesc, ComesBackAsItWasWritten) {
  const IoDesc desc = io_desc_of(read_network_desc(hand_written_network()));
  const IoDesc again = read_io_desc(write_io_desc(desc));
  EXPECT_EQ(again.program_name, desc.program_name);
  EXPECT_EQ(again.selected_set.bindings, desc.selected_set.bindings);
  EXPECT_EQ(again.io_sets.size(), 1u);
  EXPECT_EQ(again.allowed_shapes, desc.allowed_shapes);
}

TEST(TensorBytes, LeavesOutDimensionsOfZeroAndRefusesNonsense) {
  EXPECT_EQ(tensor_bytes(IoDataType::kInt64, {}), 8u);
  EXPECT_EQ(tensor_bytes(IoDataType::kFloat16, {3, 0, 5}), 30u);
  EXPECT_THROW(tensor_bytes(IoDataType::kFloat, {-1}), Error);
  EXPECT_THROW(tensor_bytes(IoDataType::kFloat, {int64_t{1} << 40, int64_t{1} << 40}), Error);
}

TEST(Qpc, NamesTheSegmentThatIsMissing) {
  const std::string file = hand_written_qpc();
  EXPECT_EQ(read_qpc(file).network.name, "net");
  EXPECT_EQ(read_qpc(file).static_constants_bytes, 8u);
  EXPECT_EQ(read_qpc(file).dynamic_constants_bytes, 16u);
  EXPECT_FALSE(read_qpc(file).stand_in());
  for (const std::string name : {"network.elf", "networkdesc.bin", "constantsdesc.bin"}) {
    std::string damaged = file;
    damaged[damaged.find(name)] = 'X';
    try {
      read_qpc(damaged);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.key_name(), name);
    }
  }
}

}  // namespace
}  // namespace tessera::qaic
