#include "core/checkpoint/safetensors_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/text_file.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool is_empty(const TemporaryFolder& folder) {
  return fs::is_empty(folder.path());
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  TemporaryFolder folder;
  SafetensorsWriter writer(folder / "f", {{"format", "pt"}});
  writer.declare("logits", DType::kF32, {2, 2});
  writer.declare("name with \" and é", DType::kU8, {});
  writer.declare("none", DType::kI64, {0, 5});
  EXPECT_EQ(writer.declared_bytes(), 17u);
  writer.append_floats(std::vector<float>{1, 2, 3});
  writer.append_floats(std::vector<float>{4});
  writer.append(std::vector<std::byte>{std::byte{9}});
  writer.finish();

  SafetensorsFile file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_THAT(file.tensor("logits").dims, ElementsAre(2, 2));
  EXPECT_EQ(file.tensor("logits").offset % 8, 0u);
  EXPECT_THAT(file.floats("logits"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(file.floats("name with \" and é"), ElementsAre(9));
  EXPECT_THAT(file.tensor("none").dims, ElementsAre(0, 5));
}

TEST(SafetensorsWriter, StreamsMoreThanItsBuffer) {
  TemporaryFolder folder;
  constexpr int64_t kRows = 300;
  constexpr int64_t kColumns = 4099;
  SafetensorsWriter writer(folder / "f");
  writer.declare("rows", DType::kF32, {kRows, kColumns});
  writer.declare("block", DType::kF32, {kRows, kColumns});
  std::vector<float> block;
  for (int64_t r = 0; r < kRows; ++r) {
    std::vector<float> row(kColumns, static_cast<float>(r));
    writer.append_floats(row);
    block.insert(block.end(), row.begin(), row.end());
  }
  writer.append_floats(block);
  writer.finish();
  SafetensorsFile file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.floats("rows"), block);
  EXPECT_EQ(file.floats("block"), block);
}

TEST(SafetensorsWriter, AFileWithoutTensorsIsOne) {
  TemporaryFolder folder;
  SafetensorsWriter(folder / "f").finish();
  EXPECT_TRUE(SafetensorsFile::open(folder / "f").tensors().empty());
}

TEST(SafetensorsWriter, TheTargetAppearsOnlyWhenFinished) {
  TemporaryFolder folder;
  folder.write("f", "old");
  {
    SafetensorsWriter writer(folder / "f");
    writer.declare("a", DType::kU8, {2});
    writer.append(std::vector<std::byte>(1));
  }
  EXPECT_EQ(read_text_file(folder / "f"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  SafetensorsWriter writer(folder / "f");
  writer.finish();
  EXPECT_NE(read_text_file(folder / "f"), "old");
}

TEST(SafetensorsWriter, ALinkStaysALink) {
  TemporaryFolder folder;
  folder.write("real", "old");
  fs::create_symlink("real", folder / "link");
  SafetensorsWriter(folder / "link").finish();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_NO_THROW(SafetensorsFile::open(folder / "real"));
}

TEST(SafetensorsWriter, RefusesDeclarationsThatNoFileCanHold) {
  TemporaryFolder folder;
  SafetensorsWriter writer(folder / "f");
  writer.declare("a", DType::kF32, {1});
  EXPECT_THROW(writer.declare("a", DType::kF32, {1}), Error);
  EXPECT_THROW(writer.declare("__metadata__", DType::kF32, {1}), Error);
  EXPECT_THROW(writer.declare("b", DType::kF32, {-1}), Error);
  EXPECT_THROW(writer.declare("b", DType::kF32, {INT64_MAX, 4}), Error);
  EXPECT_THROW(writer.declare("b", DType::kU64, {INT64_MAX / 4}), Error);
  EXPECT_EQ(writer.declared_bytes(), 4u);
}

TEST(SafetensorsWriter, RefusesNamesThatAreNotUtf8) {
  TemporaryFolder folder;
  {
    SafetensorsWriter writer(folder / "f");
    writer.declare("a\xff", DType::kU8, {0});
    EXPECT_THROW(writer.finish(), Error);
  }
  EXPECT_TRUE(is_empty(folder));
}

TEST(SafetensorsWriter, RefusesTooManyTooFewAndTooLate) {
  TemporaryFolder folder;
  {
    SafetensorsWriter writer(folder / "f");
    writer.declare("a", DType::kU8, {2});
    EXPECT_THROW(writer.append(std::vector<std::byte>(3)), Error);
    writer.append(std::vector<std::byte>(1));
    EXPECT_THROW(writer.finish(), Error);
    EXPECT_THROW(writer.declare("b", DType::kU8, {1}), Error);
    writer.append(std::vector<std::byte>(1));
    writer.finish();
    EXPECT_THROW(writer.finish(), Error);
    EXPECT_THROW(writer.append({}), Error);
  }
  EXPECT_EQ(SafetensorsFile::open(folder / "f").tensors().size(), 1u);
}

TEST(SafetensorsWriter, NamesAFolderThatIsMissingOrAFile) {
  TemporaryFolder folder;
  folder.write("file", "");
  for (const char* path : {"absent/f", "file/f"}) {
    try {
      SafetensorsWriter writer(folder / path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
      EXPECT_THAT(error.file_name(), ::testing::EndsWith(path));
      EXPECT_FALSE(error.remedy_text().empty());
    }
  }
  EXPECT_THROW(SafetensorsWriter writer(folder.path()), Error);
}

TEST(SafetensorsWriter, AFullDiskIsNamedAndNothingIsLeft) {
  SafetensorsWriter writer("/dev/full");
  writer.declare("a", DType::kU8, {1});
  writer.append(std::vector<std::byte>(1));
  try {
    writer.finish();
    FAIL() << "written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("the disk is full"));
    EXPECT_EQ(error.file_name(), "/dev/full");
    EXPECT_THAT(error.remedy_text(), HasSubstr("make room"));
  }
  EXPECT_TRUE(fs::is_character_file("/dev/full"));  // a device is written, not replaced
}

TEST(SafetensorsWriter, AFailedWriteRemovesThePartialFile) {
  TemporaryFolder folder;
  auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 1 << 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  try {
    SafetensorsWriter writer(folder / "f");
    writer.declare("a", DType::kU8, {3 << 20});
    writer.append(std::vector<std::byte>(3 << 20));
    writer.finish();
    ADD_FAILURE() << "written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("after 1048576 bytes"));
  }
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, before);
  EXPECT_TRUE(is_empty(folder));
}

}  // namespace
}  // namespace tessera
