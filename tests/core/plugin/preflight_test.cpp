// Files that are no plugin, or a damaged one: said before any of their code could run.
#include "core/plugin/preflight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class Preflight : public testing::Test {
 protected:
  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "tessera-x.so";

  Error refused(const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    Error error = error_of([&] { plugin::preflight(file, ""); });
    EXPECT_EQ(error.file_name(), file.native());
    return error;
  }
};

TEST_F(Preflight, MissingFile) {
  const Error error = error_of([&] { plugin::preflight(folder.path() / "none.so"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "no such plugin file");
}

TEST_F(Preflight, FolderAndPipeAreNoRegularFiles) {
  EXPECT_EQ(error_of([&] { plugin::preflight(folder.path()); }).message(), "not a regular file");
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { plugin::preflight(file); }).message(), "not a regular file");
}

TEST_F(Preflight, OtherFiles) {
  EXPECT_EQ(refused("").message(), "not an ELF shared library (0 bytes long)");
  EXPECT_EQ(refused("#!/bin/sh\necho a script that somebody named like a library, long enough\n").message(),
            "not an ELF shared library");
  EXPECT_EQ(refused(read("/proc/self/exe").replace(16, 1, 1, '\2')).message(),
            "an ELF file, but not a shared library");
}

TEST_F(Preflight, OtherMachine) {
  std::string bytes = read(sample_plugin("skeleton"));
  bytes[18] = static_cast<char>(243);  // e_machine: EM_RISCV
  const Error error = refused(bytes);
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_THAT(error.message(), StartsWith("built for riscv, this host is "));
  bytes[4] = 1;  // 32-bit class
  EXPECT_THAT(refused(bytes).message(), StartsWith("built for a 32-bit machine, this host is "));
}

TEST_F(Preflight, TruncatedAnywhereIsRefusedOrStillLoads) {
  const std::string bytes = read(sample_plugin("plain-c"));
  size_t truncated = 0;
  for (size_t length = 0; length < bytes.size(); length += 512) {
    std::filesystem::remove(file);  // never overwrite a file that may be mapped
    std::ofstream(file, std::ios::binary) << bytes.substr(0, length);
    try {
      const PluginRegistry registry(only(file));
      EXPECT_EQ(registry.transforms().size(), 1u);  // only what is not loaded (sections) was cut off
    } catch (const Error& error) {
      truncated += error.code() == ErrorCode::kCorruptData;
      EXPECT_EQ(error.file_name(), file.native());
    }
  }
  EXPECT_GT(truncated, 5u);
}

TEST_F(Preflight, DamagedHeadersNeverCrash) {
  const std::string bytes = read(sample_plugin("plain-c"));
  std::ofstream out(file, std::ios::binary);
  out << bytes;
  const auto set = [&](size_t at, char value) {
    out.seekp(static_cast<std::streamoff>(at)).put(value).flush();
  };
  for (size_t at = 0; at < std::min<size_t>(bytes.size(), 4096); ++at)
    for (const char value : {'\xFF', '\x00', '\x80'}) {
      set(at, value);
      try {
        plugin::preflight(file, "");
      } catch (const Error&) {
        // Which error it is depends on the byte; that it is one, or none, is the point.
      }
      set(at, bytes[at]);
    }
}

TEST_F(Preflight, AnotherProtobufThanOursIsRefused) {
  plugin::preflight(broken_plugin("needs_protobuf"), "");
  plugin::preflight(broken_plugin("needs_protobuf"), "libprotobuf.so.32");
  const Error error =
      error_of([&] { plugin::preflight(broken_plugin("needs_protobuf"), "libprotobuf.so.99"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(error.message(),
            "the plugin needs libprotobuf.so.32, this process has libprotobuf.so.99: its calls would reach "
            "the wrong "
            "one");
  EXPECT_THAT(error.remedy_text(), HasSubstr("build the plugin with libprotobuf.so.99"));
}

}  // namespace
}  // namespace tessera
