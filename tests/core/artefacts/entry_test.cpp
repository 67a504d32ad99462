#include "core/artefacts/entry.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::artefacts {
namespace {

using testing::HasSubstr;

class EntryFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("qpc/programqpc.bin", "program");
    folder_.write("specializations.json", "{}");
    write_entry(folder_.path(), {"qaic", "/models/llama", "0.1.0"}, {{"graph", "g"}, {"options", "-mos=1"}});
  }
  Entry entry() const { return read_entry(folder_.path()).value(); }
  /// In place, as a disk or a program would damage it.
  void overwrite(const char* name, const std::string& bytes) const {
    std::fstream(folder_ / name, std::ios::in | std::ios::out | std::ios::binary) << bytes;
  }

  test::TemporaryFolder folder_;
};

TEST_F(EntryFolder, SaysWhatItIs) {
  const Entry entry = this->entry();
  EXPECT_EQ(entry.origin.backend, "qaic");
  EXPECT_EQ(entry.origin.model, "/models/llama");
  EXPECT_EQ(entry.parts, (std::vector<KeyPart>{{"graph", "g"}, {"options", "-mos=1"}}));
  ASSERT_EQ(entry.files.size(), 2U);
  EXPECT_EQ(entry.files[0].name, "qpc/programqpc.bin");
  EXPECT_EQ(entry.bytes(), 9U);
  EXPECT_GT(entry.created, 0);
  EXPECT_EQ(damage_of(entry, Inspection::kStamps), "");
  EXPECT_EQ(damage_of(entry, Inspection::kContents), "");
}

TEST_F(EntryFolder, OfSomebodyElseIsNone) {
  const test::TemporaryFolder other;
  EXPECT_EQ(read_entry(other.path()), std::nullopt);
}

TEST_F(EntryFolder, ShowsItsDamage) {
  overwrite("qpc/programqpc.bin", "P");
  EXPECT_THAT(damage_of(entry(), Inspection::kStamps), HasSubstr("programqpc.bin has other contents"));
  folder_.write("qpc/programqpc.bin", "prog");
  EXPECT_THAT(damage_of(entry(), Inspection::kStamps), HasSubstr("has 4 bytes, expected 7"));
  std::filesystem::remove(folder_ / "qpc/programqpc.bin");
  EXPECT_THAT(damage_of(entry(), Inspection::kStamps), HasSubstr("programqpc.bin is missing"));
}

/// A copy of the cache on another disk has other stamps: it is read once and found well.
TEST_F(EntryFolder, CopiesAreSound) {
  const test::TemporaryFolder other;
  std::filesystem::copy(folder_.path(), other.path(), std::filesystem::copy_options::recursive);
  const Entry copy = read_entry(other.path()).value();
  EXPECT_EQ(damage_of(copy, Inspection::kStamps), "");
}

TEST_F(EntryFolder, BrokenTextsAreErrors) {
  for (const char* text :
       {"", "{", "{}", "{\"format\":1}", "[]",
        R"({"format":2,"backend":"","model":"","tessera":"","created":0,"key":{},"files":[]})",
        R"({"format":1,"backend":"","model":"","tessera":"","created":0,"key":[],"files":[]})",
        R"({"format":1,"backend":1,"model":"","tessera":"","created":0,"key":{},"files":[]})"}) {
    folder_.write("entry.json", text);
    try {
      entry();
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      EXPECT_THAT(error.message(), HasSubstr("entry.json is broken"));
    }
  }
}

TEST_F(EntryFolder, KnowsWhenItWasUsed) {
  const timespec old[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder_ / "entry.json").c_str(), old, 0), 0);
  EXPECT_EQ(entry().last_used, 1000);
  touch(entry());
  EXPECT_GT(entry().last_used, 1000);
}

}  // namespace
}  // namespace tessera::artefacts
