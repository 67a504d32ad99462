#include "core/graph/external_data.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests
namespace fs = std::filesystem;

/// A folder with the weights a.bin (64 bytes), deep/b.bin (64 bytes, a link as in the hub's cache) and
/// unused.bin.
class Export : public testing::Test {
 protected:
  Export() {
    std::string pattern = (fs::temp_directory_path() / "tessera-export-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    fs::create_directories(root_ / "model/deep");
    fs::create_directories(root_ / "blobs");
    write(root_ / "model/a.bin", std::string(64, 'a'));
    write(root_ / "model/unused.bin", "unused");
    write(root_ / "blobs/1234", std::string(64, 'b'));
    fs::create_symlink("../../blobs/1234", root_ / "model/deep/b.bin");
  }
  ~Export() override { fs::remove_all(root_); }

  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  static std::string model_bytes() {
    Model m = model({type("x", DataType::kFloat, {"8"})}, {node("n", "Neg", {"x"}, {"y"})},
                    {type("y", DataType::kFloat, {"8"})});
    for (const auto& [name, location, offset] :
         {std::tuple("a0", "a.bin", 0), std::tuple("a1", "a.bin", 32), std::tuple("b", "deep/b.bin", 1)}) {
      Tensor tensor;
      tensor.name = name;
      tensor.dtype = DataType::kFloat;
      tensor.dims = {8};
      tensor.external =
          std::make_unique<ExternalData>(ExternalData{location, static_cast<uint64_t>(offset), 32});
      m.graph.initializers.push_back(std::move(tensor));
    }
    return write_model(m);
  }

  ExportReport run(WeightsMode mode, const ExportProgress& progress = {}) {
    return export_model(model_bytes(), target_, real_paths_in(root_ / "model"), mode, progress);
  }

  /// Names of everything in the root, so that a test sees what was left behind.
  Names entries() const {
    Names names;
    for (const auto& entry : fs::directory_iterator(root_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path root_, target_ = "";
};

uint64_t inode(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

TEST_F(Export, LinksTheRealFilesThatTheGraphRefersTo) {
  target_ = root_ / "out";
  const ExportReport report = run(WeightsMode::kLink);
  EXPECT_EQ(report.model_file, root_ / "out/model.onnx");
  ASSERT_EQ(report.weights.size(), 2u);
  EXPECT_EQ(report.weights[0].location, "a.bin");
  EXPECT_TRUE(report.weights[0].linked);
  EXPECT_EQ(inode(root_ / "out/a.bin"), inode(root_ / "model/a.bin"));
  EXPECT_EQ(inode(root_ / "out/deep/b.bin"), inode(root_ / "blobs/1234"));
  EXPECT_FALSE(fs::is_symlink(root_ / "out/deep/b.bin"));
  EXPECT_FALSE(fs::exists(root_ / "out/unused.bin"));
  EXPECT_EQ(read(root_ / "out/model.onnx"), model_bytes());
}

TEST_F(Export, CopiesWhenAskedTo) {
  target_ = root_ / "new/parent/out/";
  const ExportReport report = run(WeightsMode::kCopy);
  EXPECT_FALSE(report.weights[0].linked);
  EXPECT_EQ(report.weights[0].copy_reason, "");
  EXPECT_EQ(read(root_ / "new/parent/out/deep/b.bin"), std::string(64, 'b'));
  EXPECT_NE(inode(root_ / "new/parent/out/a.bin"), inode(root_ / "model/a.bin"));
}

TEST_F(Export, CopiesAcrossFileSystemsAndSaysWhy) {
  const fs::path elsewhere = "/dev/shm";
  struct stat here {
  }, there{};
  if (::stat(root_.c_str(), &here) != 0 || ::stat(elsewhere.c_str(), &there) != 0 ||
      here.st_dev == there.st_dev) {
    GTEST_SKIP() << "this machine has no second file system at /dev/shm";
  }
  target_ = elsewhere / root_.filename();
  const ExportReport report = run(WeightsMode::kLink);
  EXPECT_FALSE(report.weights[0].linked);
  EXPECT_NE(report.weights[0].copy_reason, "");
  EXPECT_EQ(read(target_ / "a.bin"), std::string(64, 'a'));
  fs::remove_all(target_);
}

TEST_F(Export, FillsAnEmptyFolderAndRefusesAnother) {
  target_ = root_ / "out";
  fs::create_directory(target_);
  run(WeightsMode::kLink);
  const Error error = error_of([&] { run(WeightsMode::kLink); });
  EXPECT_EQ(error.message(), "the export folder is not empty");
  EXPECT_EQ(error.file_name(), target_.string());
  target_ = root_ / "model/a.bin";
  EXPECT_EQ(error_of([&] { run(WeightsMode::kLink); }).message(),
            "the export folder exists and is no folder");
}

TEST_F(Export, LeavesNothingBehindWhenAWriteFails) {
  const Names before = entries();
  target_ = root_ / "new/out";
  // No room for a whole file: the limit makes the kernel refuse the bytes after it, as a full disk does.
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{40, old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Error error = error_of([&] { run(WeightsMode::kCopy); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(error.message().rfind("cannot copy the weights: ", 0), 0u) << error.message();
  EXPECT_EQ(entries(), before);
}

TEST_F(Export, LeavesNothingBehindWhenItIsStopped) {
  const Names before = entries();
  target_ = root_ / "out";
  const Error error =
      error_of([&] { run(WeightsMode::kCopy, [](uint64_t done, uint64_t) { return done < 100; }); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  EXPECT_EQ(entries(), before);
}

TEST_F(Export, LeavesNothingBehindWhenAFileIsMissing) {
  fs::remove(root_ / "blobs/1234");
  const Names before = entries();
  target_ = root_ / "out";
  const Error error = error_of([&] { run(WeightsMode::kLink); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.key_name(), "b");
  EXPECT_EQ(entries(), before);
}

TEST_F(Export, TellsHowManyBytesAreThrough) {
  target_ = root_ / "out";
  std::vector<uint64_t> told;
  run(WeightsMode::kCopy, [&](uint64_t done, uint64_t total) {
    EXPECT_EQ(total, 128u);
    told.push_back(done);
    return true;
  });
  EXPECT_EQ(told, (std::vector<uint64_t>{64, 128}));
}

TEST(WeightsMode, IsAWord) {
  EXPECT_EQ(parse_weights_mode("link"), WeightsMode::kLink);
  EXPECT_EQ(parse_weights_mode("copy"), WeightsMode::kCopy);
  EXPECT_EQ(error_of([] { parse_weights_mode("lnk"); }).remedy_text(), "did you mean 'link'?");
}

}  // namespace
}  // namespace tessera::graph
