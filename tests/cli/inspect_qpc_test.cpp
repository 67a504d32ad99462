/// `inspect` of compiled programs for Cloud AI 100.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/cli/process.hpp"
#include "tests/plugins/qaic/qpc/hand_written.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;

TEST(InspectQpc, PrintsBindingsShapesCoresAndSegments) {
  const TemporaryFolder folder;
  const std::string file = folder.write("programqpc.bin", qaic::hand_written_qpc());
  const Finished text = run_tessera({"inspect", file});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("cores          2\n"));
  EXPECT_THAT(text.out, HasSubstr("[1, 4]  may be skipped\n"));
  EXPECT_THAT(text.out, HasSubstr("constants.bin                           24 bytes\n"));
  EXPECT_THAT(text.out, testing::Not(HasSubstr("stand-in")));

  const Finished run = run_tessera({"inspect", file, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const boost::json::value json = boost::json::parse(run.out);
  EXPECT_EQ(json.at("num_cores").as_int64(), 2);
  EXPECT_EQ(json.at("bindings").at(1).at("dtype").as_string(), "float16");
  EXPECT_EQ(json.at("specializations").at(1).at("x").at(1).as_int64(), 1);
  EXPECT_EQ(json.at("segments").as_array().size(), 4U);
}

TEST(InspectQpc, SaysWhatIsWrongWithADamagedFile) {
  const TemporaryFolder folder;
  const std::string whole = qaic::hand_written_qpc();
  const Finished cut = run_tessera({"inspect", folder.write("cut.qpc", whole.substr(0, 100))});
  EXPECT_NE(cut.exit_code, 0);
  EXPECT_THAT(cut.err, HasSubstr("the file has 100"));
  EXPECT_THAT(cut.err, HasSubstr("cut.qpc"));
  const Finished other =
      run_tessera({"inspect", folder.write("other.qpc", "{\"a\": 1}" + std::string(50, ' '))});
  EXPECT_THAT(other.err, HasSubstr("magic"));
  // By its first bytes, whatever its name.
  EXPECT_EQ(run_tessera({"inspect", folder.write("program", whole)}).exit_code, 0);
}

}  // namespace
}  // namespace tessera::test
