#include "plugins/qaic/qpc/container.hpp"

#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/qpc/hand_written.hpp"

namespace tessera::qaic {
namespace {

std::string written(const std::vector<SegmentSource>& segments) {
  std::string bytes;
  write_container(segments, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

ErrorCode refused(std::string_view bytes) {
  try {
    read_container(bytes);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode{};
}

TEST(Container, IsWrittenByteForByteAsTheFormatSays) {
  SegmentSource weights = segment_of("constants.bin", std::string(24, 'W'));
  weights.static_bytes = 8;
  EXPECT_EQ(written({segment_of("network.elf", std::string(16, 'E')),
                     segment_of("networkdesc.bin", hand_written_network()),
                     segment_of("constantsdesc.bin", u64(8) + u64(16) + u64(0)), weights}),
            hand_written_qpc());
}

TEST(Container, GivesItsSegmentsWhateverItsBase) {
  for (const uint64_t base : {uint64_t{0}, uint64_t{0x7f0012345678}, UINT64_MAX - 100}) {
    const std::string file = hand_written_qpc(base);
    const std::vector<Segment> segments = read_container(file);
    ASSERT_EQ(segments.size(), 4u);
    EXPECT_EQ(segments[0].name, "network.elf");
    EXPECT_EQ(segments[0].bytes, std::string(16, 'E'));
    EXPECT_EQ(segments[1].bytes, hand_written_network());
    EXPECT_EQ(segments[3].static_bytes, 8u);
    EXPECT_EQ(find_segment(segments, "constants.bin"), &segments[3]);
    EXPECT_EQ(find_segment(segments, "constants"), nullptr);
  }
}

TEST(Container, KeepsSegmentsOfAnySize) {
  const std::string file =
      written({segment_of("a", ""), segment_of("seven77", "1234567"), segment_of("b", "x")});
  EXPECT_EQ(file.size() % 8, 0u);
  const std::vector<Segment> segments = read_container(file);
  EXPECT_EQ(segments[0].bytes, "");
  EXPECT_EQ(segments[1].bytes, "1234567");
  EXPECT_EQ(segments[2].bytes, "x");
}

TEST(Container, RefusesNamesAndSourcesThatDoNotFit) {
  EXPECT_THROW(written({segment_of("", "x")}), Error);
  EXPECT_THROW(written({segment_of("a", "x"), segment_of("a", "y")}), Error);
  SegmentSource liar = segment_of("a", "four");
  liar.size = 5;
  EXPECT_THROW(written({liar}), Error);
}

TEST(Container, RefusesOtherFilesForms) {
  const auto changed = [](size_t at, char byte) {
    std::string file = hand_written_qpc();
    file[at] = byte;
    return file;
  };
  EXPECT_EQ(refused(changed(0, 'x')), ErrorCode::kCorruptData);
  EXPECT_EQ(refused(changed(4, 1)), ErrorCode::kVersion);
  EXPECT_EQ(refused(changed(6, 0)), ErrorCode::kNotSupported);
  EXPECT_EQ(refused(changed(6, 2)), ErrorCode::kCorruptData);
  EXPECT_EQ(refused(hand_written_qpc() + "x"), ErrorCode::kCorruptData);
}

TEST(Container, RefusesEveryTruncation) {
  const std::string file = hand_written_qpc();
  for (size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);  // its own allocation: a read beyond it is seen by ASan
    EXPECT_EQ(refused(cut), ErrorCode::kCorruptData) << size;
    // And with a size that is right, so that the places of segments are what is wrong.
    if (size < 40) continue;
    std::string sized = u64(size);
    EXPECT_EQ(refused(file.substr(0, 8) + sized + cut.substr(16)), ErrorCode::kCorruptData) << size;
  }
}

TEST(Container, SurvivesEveryFlippedBit) {
  const std::string file = hand_written_qpc();
  for (size_t at = 0; at < 8 * file.size(); ++at) {
    std::string flipped = file;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << at % 8));
    try {
      for (const Segment& segment : read_container(flipped)) {
        EXPECT_GE(segment.bytes.data(), flipped.data());
        EXPECT_LE(segment.bytes.data() + segment.bytes.size(), flipped.data() + flipped.size());
      }
    } catch (const Error& error) {
      EXPECT_NE(error.byte_offset(), UINT64_MAX) << error.what();
    }
  }
}

}  // namespace
}  // namespace tessera::qaic
