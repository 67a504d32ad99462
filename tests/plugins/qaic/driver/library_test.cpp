#include "plugins/qaic/driver/library.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugins/qaic/driver/status.hpp"

namespace tessera::qaic {
namespace {

Error refusal(const LibraryChoice& choice) {
  try {
    Library::open(choice);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "opened");
}

/// Without the machine's own choice.
class DriverLibrary : public testing::Test {
 protected:
  void SetUp() override { unsetenv("QAIC_LIB"); }
};

TEST_F(DriverLibrary, SaysWhichFileIsMissing) {
  const Error named = refusal({"/nowhere/libQAic.so", ""});
  EXPECT_EQ(named.code(), ErrorCode::kNotFound);
  EXPECT_EQ(named.file_name(), "/nowhere/libQAic.so");
  EXPECT_NE(named.remedy_text().find("QAIC_LIB"), std::string::npos);
  const Error sdk = refusal({"", "/nowhere/sdk"});
  EXPECT_EQ(sdk.file_name().rfind("/nowhere/sdk/dev/lib/", 0), 0u) << sdk.file_name();
}

TEST_F(DriverLibrary, TakesTheOptionBeforeTheEnvironmentBeforeTheSdk) {
  setenv("QAIC_LIB", "/nowhere/from-environment.so", 1);
  EXPECT_EQ(refusal({"", "/nowhere/sdk"}).file_name(), "/nowhere/from-environment.so");
  EXPECT_EQ(refusal({"/nowhere/option.so", ""}).file_name(), "/nowhere/option.so");
}

TEST_F(DriverLibrary, NamesEveryMissingSymbol) {
  const Error error = refusal({"libm.so.6", ""});
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_NE(error.message().find("qaicGetAicVersion"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("qaicExecObjWaitForCompletion"), std::string::npos) << error.message();
}

TEST_F(DriverLibrary, GivesTheLoadersTextForAFileThatIsNoLibrary) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "no-library.so";
  std::ofstream(file) << "not an ELF file";
  const Error error = refusal({file.string(), ""});
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_NE(error.message().find("no-library.so"), std::string::npos) << error.message();
  std::filesystem::remove(file);
}

/// The header of this program, as if it were for another processor.
std::string foreign_header() {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string header(64, '\0');
  self.read(header.data(), 64);
  const bool arm = header[18] == static_cast<char>(EM_AARCH64);
  header[18] = static_cast<char>(arm ? EM_X86_64 : EM_AARCH64);
  return header;
}

TEST_F(DriverLibrary, SaysForWhichMachineALibraryIs) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "foreign-libQAic.so";
  std::ofstream(file, std::ios::binary) << foreign_header();
  const Error error = refusal({file.string(), ""});
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_NE(error.message().find("is for "), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("AArch64"), std::string::npos) << error.message();
  EXPECT_EQ(error.file_name(), file.string());
  EXPECT_NE(error.remedy_text().find("dev/lib/<machine>"), std::string::npos);
  std::filesystem::remove(file);
}

// /opt/qti-aic is only where an SDK would be: without it, a library that the loader finds is as good.
TEST_F(DriverLibrary, SearchesWhereNobodyNamedTheSdk) {
  const Error error = refusal({"", "/nowhere/sdk", false});
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.file_name(), "libQAic.so");
  EXPECT_FALSE((LibraryChoice{"", "/nowhere/sdk", false}.named()));
  EXPECT_TRUE((LibraryChoice{"", "/nowhere/sdk"}.named()));
}

TEST(Status, BecomesAnErrorOfItsKind) {
  EXPECT_EQ(status_error(QS_TIMEDOUT, "f").code(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(status_error(QS_DEV_ERROR, "f").code(), ErrorCode::kDeviceLost);
  EXPECT_EQ(status_error(QS_NOMEM, "f").code(), ErrorCode::kOutOfMemory);
  EXPECT_NE(status_error(QS_NODEV, "qaicX").message().find("qaicX failed: QS_NODEV"), std::string::npos);
  EXPECT_EQ(status_name(static_cast<QStatus>(77)), "status 77");
  EXPECT_NO_THROW(check(QS_SUCCESS, "f"));
}

}  // namespace
}  // namespace tessera::qaic
