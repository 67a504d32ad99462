/// A reader of files from anywhere: some thousand damaged ones, the same each time. Each is read or refused
/// with an error; what is read lies in the file. The sanitizers watch.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/qpc/hand_written.hpp"

namespace tessera::qaic {
namespace {

constexpr int kFiles = 4000;
constexpr unsigned kSeed = 20240601;

/// Numbers that sizes and offsets go wrong at.
constexpr uint64_t kEdges[] = {0,         1, 7, 8, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, UINT64_MAX - 7,
                               UINT64_MAX};

class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  std::string of(std::string file) {
    for (size_t i = 0, count = 1 + pick(4); i < count && !file.empty(); ++i) change(file);
    // Half of them with a size that is right, so that what lies behind the header is looked at.
    if (file.size() >= 16 && pick(2) == 0) file.replace(8, 8, u64(file.size()));
    return std::string(file.data(), file.size());  // no spare capacity for a read beyond the end to hide in
  }

 private:
  size_t pick(size_t below) { return random_() % below; }

  void change(std::string& file) {
    const size_t at = pick(file.size()), length = std::min(file.size() - at, 1 + pick(16));
    switch (pick(6)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ (1 << pick(8)));
        break;
      case 1:
        file[at] = static_cast<char>(pick(256));
        break;
      case 2:
        file.erase(at, length);
        break;
      case 3:
        file.insert(at, file.substr(pick(file.size()), length));
        break;
      case 4:
        file.resize(at);
        break;
      default:
        if (file.size() - at >= 8) file.replace(at, 8, u64(kEdges[pick(std::size(kEdges))]));
    }
  }

  std::mt19937 random_;
};

bool lies_in(std::string_view part, std::string_view file) {
  return part.empty() ||
         (part.data() >= file.data() && part.data() + part.size() <= file.data() + file.size());
}

TEST(QpcReader, ReadsOrRefusesWhateverItIsGiven) {
  const std::string genuine = hand_written_qpc();
  Damage damage(kSeed);
  int read = 0, refused = 0;
  for (int i = 0; i < kFiles; ++i) {
    const std::string file = damage.of(genuine);
    try {
      const Qpc qpc = read_qpc(file);
      for (const Segment& segment : qpc.segments) ASSERT_TRUE(lies_in(segment.bytes, file)) << "file " << i;
      const std::string io = write_io_desc(io_desc_of(qpc.network));
      EXPECT_EQ(write_io_desc(read_io_desc(io)), io) << "file " << i;
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.message().empty());
      ++refused;
    }
  }
  EXPECT_GT(read, kFiles / 100);  // or the damage is so great that nothing behind the header is ever reached
  EXPECT_GT(refused, kFiles / 2);
}

TEST(QpcReader, ReadsOrRefusesAnyDescriptor) {
  Damage damage(kSeed + 1);
  for (int i = 0; i < kFiles; ++i) {
    const std::string bytes = damage.of(hand_written_network());
    try {
      const NetworkDesc network = read_network_desc(bytes);
      const std::string again = write_network_desc(network);
      EXPECT_EQ(write_network_desc(read_network_desc(again)), again) << "descriptor " << i;
    } catch (const Error& error) {
      EXPECT_FALSE(error.message().empty());
    }
  }
}

}  // namespace
}  // namespace tessera::qaic
