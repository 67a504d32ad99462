#include "plugins/qaic/driver/library.hpp"

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
