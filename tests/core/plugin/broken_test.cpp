// Plugins that break one rule each (tests/plugins_broken): the host must refuse every one with code, reason,
// remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

struct Case {
  const char* name;
  ErrorCode code;
  const char* message;
  const char* remedy;
};

constexpr const char* kRebuild = "rebuild the plugin with this version's tessera-sdk";
constexpr const char* kReport = "report it to the plugin's author";
constexpr const char* kSameHeader = "build both sides with the same tessera/abi.h";
constexpr const char* kDefine =
    "define the entry with TESSERA_PLUGIN and link with the version script plugin.map";
constexpr const char* kRule = "the plugin's descriptor breaks a rule: ";

const Case kCases[] = {
    {"no_symbol", ErrorCode::kInvalidArgument,
     "not a plugin of tessera: it does not export tessera_plugin_v0", kDefine},
    {"other_major", ErrorCode::kVersion,
     "the plugin speaks another major version of the ABI: it exports tessera_plugin_v1, this host calls "
     "tessera_plugin_v0",
     "install the plugin that belongs to this version of tessera"},
    {"other_draft", ErrorCode::kVersion,
     "the plugin is of another draft of the ABI: it is built for 1.0 draft 3, this host offers 1.0 draft 2",
     kRebuild},
    {"other_major_number", ErrorCode::kVersion,
     "the plugin is of another major version of the ABI: it needs ABI 2.0 draft 2, this host offers 1.0 "
     "draft 2",
     kRebuild},
    {"needs_newer", ErrorCode::kVersion,
     "the plugin is newer than this host: it needs ABI 1.7 draft 2, this host offers 1.0 draft 2",
     "update tessera"},
    {"needs_above_built", ErrorCode::kInternal, "needs_abi 1.1 draft 2 is above built_abi 1.0 draft 2",
     kReport},
    {"magic_zero", ErrorCode::kVersion, "the plugin's descriptor has magic 0x00000000, expected 0x31525354",
     kRebuild},
    {"size_zero", ErrorCode::kVersion, "the plugin's descriptor has struct_size 0, expected 152 to 65536",
     kSameHeader},
    {"size_small", ErrorCode::kVersion, "the plugin's descriptor has struct_size 144, expected 152 to 65536",
     kSameHeader},
    {"size_huge", ErrorCode::kVersion,
     "the plugin's descriptor has struct_size 1048576, expected 152 to 65536", kSameHeader},
    {"built_abi_zero", ErrorCode::kInternal, "built_abi is 0", kReport},
    {"needs_abi_zero", ErrorCode::kInternal, "needs_abi is 0", kReport},
    {"id_empty", ErrorCode::kInternal, "the plugin's id is '', expected lower-case letters, digits and '-'",
     kReport},
    {"id_malformed", ErrorCode::kInternal,
     "the plugin's id is 'My plugin', expected lower-case letters, digits and '-'", kReport},
    {"not_utf8", ErrorCode::kInternal, "the plugin's vendor is not UTF-8", kReport},
    {"text_null", ErrorCode::kInternal, "the plugin's licence has a length but is null", kReport},
    {"no_apply", ErrorCode::kInternal, "transform 'broken-transform' has no function apply", kReport},
    {"no_run", ErrorCode::kInternal, "backend 'broken-backend' has no function run", kReport},
    {"count_without_array", ErrorCode::kInternal, "transforms are null but their count is 3", kReport},
    {"count_huge", ErrorCode::kInternal, "transforms are 18446744073709551615, at most 4096 are allowed",
     kReport},
    {"duplicate_id", ErrorCode::kInternal, "transform 'broken-transform' is registered twice", kReport},
    {"transform_size_zero", ErrorCode::kVersion, "transform 0 has struct_size 0, expected 80 to 65536",
     kSameHeader},
    {"transform_null", ErrorCode::kMisuse, "transform 0 is null", ""},
    {"reserved_used", ErrorCode::kInternal, "backend 'broken-backend' has a reserved member that is not zero",
     kReport},
    {"null_without_reason", ErrorCode::kInternal,
     "tessera_plugin_v0 answers neither a descriptor nor a reason", kReport},
    {"refuses", ErrorCode::kNotSupported, "this machine has no such device", ""},
    {"init_fails", ErrorCode::kDeviceLost, "the device does not answer", ""},
    {"throws_from_entry", ErrorCode::kInternal, "tessera_plugin_v0 threw an exception: no config", kReport},
    {"own_onnx_descriptors", ErrorCode::kNotSupported,
     "the plugin carries its own ONNX descriptors and needs libprotobuf.so.32: registering them a second "
     "time would "
     "abort the process",
     "link the shared libonnx_proto, use protobuf lite, or read models with tessera/sdk/wire.hpp"},
};

void PrintTo(const Case& broken, std::ostream* out) {
  *out << broken.name;
}

class BrokenPlugin : public testing::TestWithParam<Case> {
 protected:
  std::filesystem::path path() const { return broken_plugin(GetParam().name); }

  void expect_the_story(const Error& error) const {
    const bool rule = GetParam().code == ErrorCode::kInternal;
    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.message(), (rule ? kRule : "") + std::string(GetParam().message));
    EXPECT_EQ(error.remedy_text(), GetParam().remedy);
    EXPECT_EQ(error.file_name(), path().native());
  }
};

TEST_P(BrokenPlugin, NamedIsAnError) {
  const Error error = error_of([&] { PluginRegistry registry(only(path())); });
  expect_the_story(error);
  ASSERT_FALSE(error.context().empty());
  EXPECT_EQ(error.context().back(), "loading the plugin given by --plugin");
}

TEST_P(BrokenPlugin, FoundByScanningIsListedWithItsReasonAndNotUsed) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(path(), folder.path() / "tessera-broken.so");
  const PluginRegistry registry(only(folder.path()));
  ASSERT_EQ(registry.records().size(), 1u);
  ASSERT_TRUE(registry.records()[0].refusal.has_value());
  EXPECT_EQ(registry.records()[0].refusal->code(), GetParam().code);
  EXPECT_THAT(registry.transforms(), testing::IsEmpty());
  EXPECT_THAT(registry.backends(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenPlugin, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BrokenPlugins, TheyDifferFromOneThatIsAccepted) {
  const PluginRegistry registry(only(broken_plugin("valid")));
  EXPECT_EQ(registry.records()[0].id, "broken");
  EXPECT_EQ(registry.transforms().size(), 1u);
}

}  // namespace
}  // namespace tessera
