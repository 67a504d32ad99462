#include "core/artefacts/file_digests.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/digest/sha256.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::artefacts {
namespace {

class Digests : public testing::Test {
 protected:
  /// What was remembered of `file` with the digest replaced, so that it shows whether the file was read.
  void forge(const std::filesystem::path& file, const std::string& stamp) {
    const std::string real = std::filesystem::canonical(file).string();
    folder_.write("digests/" + sha256(real).substr(0, 32), stamp + " " + forged_ + " " + real + "\n");
  }

  test::TemporaryFolder folder_;
  FileDigests digests_{folder_ / "digests"};
  std::string forged_ = std::string(64, 'a');
};

TEST_F(Digests, AreOfTheBytes) {
  const auto file = folder_.write("weights", "abc");
  uint64_t last = 0;
  EXPECT_EQ(digests_.digest(file,
                            [&](uint64_t done, uint64_t total) {
                              EXPECT_EQ(total, 3U);
                              last = done;
                            }),
            sha256("abc"));
  EXPECT_EQ(last, 3U);
}

TEST_F(Digests, AreRememberedByTheStamp) {
  const auto file = folder_.write("weights", "abc");
  forge(file, file_stamp(file));
  EXPECT_EQ(digests_.digest(file), forged_);
  EXPECT_EQ(digests_.known(file), forged_);
  // By links, too: a hub's cache is made of them.
  std::filesystem::create_symlink(file, folder_ / "link");
  EXPECT_EQ(digests_.known(folder_ / "link"), forged_);
}

/// The same bytes count and the old mtime: ctime tells.
TEST_F(Digests, AreForgottenWhenTheFileChanges) {
  const auto file = folder_.write("weights", "abc");
  forge(file, file_stamp(file));
  struct stat before {};
  ASSERT_EQ(stat(file.c_str(), &before), 0);
  while (true) {  // until the clock of the file system has moved
    std::ofstream(file, std::ios::trunc) << "abd";
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    struct stat after {};
    ASSERT_EQ(stat(file.c_str(), &after), 0);
    if (after.st_ctim.tv_nsec != before.st_ctim.tv_nsec) break;
  }
  EXPECT_EQ(digests_.known(file), std::nullopt);
  EXPECT_EQ(digests_.digest(file), sha256("abd"));
}

TEST_F(Digests, OfAFileThatMayStillChangeAreNotRemembered) {
  const auto file = folder_.write("weights", "abc");
  digests_.digest(file);
  EXPECT_EQ(digests_.known(file), std::nullopt);
}

/// A hard link moves ctime; who made it says so.
TEST_F(Digests, AreKeptOverLinksOfOurOwn) {
  const auto file = folder_.write("weights", "abc");
  const std::string before = file_stamp(file);
  do {  // until the clock of the file system has moved
    std::filesystem::create_hard_link(file, folder_ / "link");
    std::filesystem::remove(folder_ / "link");
  } while (file_stamp(file) == before);
  EXPECT_EQ(digests_.known(file), std::nullopt);
  digests_.keep(file, before, forged_);
  EXPECT_EQ(digests_.known(file), forged_);
  folder_.write("other", "abcd");
  digests_.keep(folder_ / "other", before, forged_);
  EXPECT_EQ(digests_.known(folder_ / "other"), std::nullopt);
}

TEST_F(Digests, NeedNoPlaceToBeRemembered) {
  const auto file = folder_.write("weights", "abc");
  EXPECT_EQ(FileDigests("").digest(file), sha256("abc"));
  EXPECT_EQ(FileDigests(file / "no folder").digest(file), sha256("abc"));
}

TEST_F(Digests, OfAMissingFile) {
  try {
    digests_.digest(folder_ / "nothing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.file_name(), (folder_ / "nothing").string());
  }
}

}  // namespace
}  // namespace tessera::artefacts
