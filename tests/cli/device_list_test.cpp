/// Devices: `doctor` and --list-devices, with and without a driver.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Devices : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  /// With the orders of `script`, and no driver but the one that `words` name or `library`.
  Finished run(const Words& words, const std::string& script = "", const std::string& library = "") const {
    return run_tessera(words,
                       {.environment = {{"QAIC_STANDIN_SCRIPT", folder_.write("script", script).string()},
                                        {"QAIC_LIB", library},
                                        {"LD_LIBRARY_PATH", ""}}});
  }
  std::string sdk() const { return std::getenv("TESSERA_QAIC_STANDIN"); }

  TemporaryFolder folder_;
};

const json::value& of_qaic(const json::value& backends) {
  for (const json::value& backend : backends.as_array()) {
    const json::value* id = backend.as_object().if_contains("id");
    if ((id != nullptr ? *id : backend.at("backend")) == "qaic") return backend;
  }
  throw std::runtime_error("no qaic");
}

TEST_F(Devices, AreListedWithCoresAndReadiness) {
  const Finished list = run({"generate", "--list-devices", "--backend", "qaic", "--sdk", sdk()},
                            "devices 2\nnsps 14\ndevice 1 initializing\n");
  ASSERT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out,
              AllOf(HasSubstr("STAND-IN, no card"), HasSubstr("device 0    ready; cores 14, 14 free"),
                    HasSubstr("device 1    initializing"), Not(HasSubstr("device 2"))));
  EXPECT_THAT(list.out, Not(HasSubstr("backend cpu")));
}

TEST_F(Devices, OfARunFilesSdk) {
  const std::string yaml =
      folder_.write("run.yaml", "compile: {backend: qaic}\nqaic: {sdk: " + sdk() + "}\n");
  const Finished list = run({"run", yaml, "--list-devices", "--json"}, "devices 1\n");
  ASSERT_EQ(list.exit_code, 0) << list.err;
  const json::value backend = json::parse(list.out).at(0);
  EXPECT_EQ(backend.at("backend"), "qaic");
  EXPECT_TRUE(backend.at("stand_in").as_bool());
  EXPECT_EQ(backend.at("devices").at(0).at("id"), "0");
  EXPECT_TRUE(backend.at("devices").at(0).at("ready").as_bool());
  EXPECT_EQ(backend.at("devices").at(0).at("facts").at("cores"), "16, 16 free");
}

// Nobody asked for a card here, and there is none: all is well.
TEST_F(Devices, WithoutADriverTheMachineIsHealthy) {
  const Finished doctor = run({"doctor", "--json", "--backend", "qaic", "--backend-option", "num-cores=4"});
  ASSERT_EQ(doctor.exit_code, 0) << doctor.err << doctor.out;
  const json::value devices = of_qaic(json::parse(doctor.out).at("backends")).at("devices");
  EXPECT_EQ(devices.at("driver"), "");
  EXPECT_THAT(std::string(devices.at("note").as_string()),
              HasSubstr("no driver of Cloud AI 100 is installed"));
  EXPECT_THAT(std::string(devices.at("remedy").as_string()), HasSubstr("install the Platform SDK"));
  const Finished all = run({"generate", "--list-devices"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, AllOf(HasSubstr("backend cpu\n  this machine's processors"), HasSubstr("no device")));
}

TEST_F(Devices, TheDoctorNamesWhatKeepsADriverFromWork) {
  const std::string missing = (folder_ / "libQAic.so").string();
  EXPECT_THAT(run({"doctor"}, "", missing).out, AllOf(HasSubstr("no Cloud AI 100 driver library there"),
                                                      HasSubstr(missing), HasSubstr("try       install")));
  EXPECT_EQ(run({"doctor"}, "", missing).exit_code, 1);
  const Finished other = run({"doctor"}, "", "libm.so.6");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.out, AllOf(HasSubstr("the library lacks"), HasSubstr("qaicCreateContext")));
  std::string header(64, '\0');
  std::ifstream("/proc/self/exe", std::ios::binary).read(header.data(), 64);
  header[18] = EM_S390;
  const Finished foreign = run({"doctor"}, "", folder_.write("foreign.so", header).string());
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.out, HasSubstr("the driver library is for machine 22"));
}

TEST_F(Devices, TheDoctorSeesCardsThatAreMissingBrokenOrDumb) {
  const std::string driver = sdk() + "/dev/lib/x86_64/libQAic.so";
  if (!std::filesystem::exists(driver)) GTEST_SKIP() << "the stand-in's folder has another machine's name";
  const Finished none = run({"doctor"}, "devices 0\n", driver);
  EXPECT_EQ(none.exit_code, 0) << none.out;
  EXPECT_THAT(none.out, AllOf(HasSubstr("the driver finds no device"), HasSubstr("/dev/accel")));
  const Finished broken = run({"doctor", "--json"}, "device 1 error\n", driver);
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_EQ(json::parse(broken.out).at("problems").at(0).at("problem"), "device 1 is not ready: error");
  const Finished dumb = run({"doctor"}, "fail qaicGetResourceInfo QS_TIMEDOUT\n", driver);
  EXPECT_EQ(dumb.exit_code, 1);
  EXPECT_THAT(dumb.out, HasSubstr("qaicGetResourceInfo failed: QS_TIMEDOUT"));
}

TEST_F(Devices, OfAnUnknownBackend) {
  const Finished unknown = run({"generate", "--list-devices", "--backend", "qiac"});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_THAT(unknown.err, HasSubstr("qiac"));
}

}  // namespace
}  // namespace tessera::test
