// Plugins that were accepted and then break the rules of a call: an error that names plugin and call, nothing
// lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LyingPlugin : public testing::Test {
 protected:
  PluginRegistry registry{only(broken_plugin("lies_in_calls"))};
  const plugin::Backend& backend = registry.backends()[0];

  Error building(const char* config) {
    return error_of([&] { registry.architectures()[0].build({config, "", nullptr, {}, {}}); });
  }
  std::string property(const char* key) {
    return error_of([&] { backend.property(key); }).message();
  }
};

TEST_F(LyingPlugin, SuccessWithoutModelIsItsFault) {
  const Error error = building("null");
  EXPECT_EQ(error.code(), ErrorCode::kInternal);
  EXPECT_EQ(error.message(), "plugin 'broken' misbehaves: it answers success without a model");
  EXPECT_EQ(error.remedy_text(), "report it to the plugin's author (Tests)");
  EXPECT_THAT(error.context(),
              ElementsAre("building with architecture 'broken-architecture' (plugin broken 0.1.0)"));
}

TEST_F(LyingPlugin, GarbageIsItsFaultAndIsGivenBack) {
  EXPECT_THAT(building("garbage").message(), HasSubstr("it answers bytes that are no onnx model"));
  EXPECT_TRUE(backend.property("released").as_bool());
}

TEST_F(LyingPlugin, ImpossibleSizesAreNotRead) {
  EXPECT_THAT(building("large").message(),
              HasSubstr("it answers 1099511627776 bytes, at most 2147483647 are allowed"));
  EXPECT_THAT(building("nowhere").message(), HasSubstr("it answers 3 bytes at a null address"));
}

TEST_F(LyingPlugin, TransformIsCheckedLikeABuild) {
  const plugin::Transform& transform = registry.transforms()[0];
  EXPECT_FALSE(transform.apply({"", "", nullptr, {{"how", "null"}}, {}}).has_value());
  const Error error = error_of([&] { transform.apply({"", "", nullptr, {{"how", "garbage"}}, {}}); });
  EXPECT_THAT(error.context(), ElementsAre("running pass 'broken-transform' (plugin broken 0.1.0)"));
}

TEST_F(LyingPlugin, RecognitionIsChecked) {
  const plugin::Architecture& architecture = registry.architectures()[0];
  EXPECT_THAT(error_of([&] { architecture.recognise(""); }).message(), HasSubstr("it answers the score -5"));
  EXPECT_THAT(error_of([&] { architecture.recognise("{}"); }).message(),
              HasSubstr("a text that is not UTF-8"));
}

TEST_F(LyingPlugin, SuccessWithoutProgramIsItsFault) {
  EXPECT_THAT(error_of([&] {
                backend.compile({"model", "", nullptr, {}, {}});
              }).message(),
              HasSubstr("it answers success without a program"));
}

TEST_F(LyingPlugin, PropertiesAreChecked) {
  EXPECT_THAT(property("type"), HasSubstr("a property has the unknown type tag 77"));
  EXPECT_THAT(property("list"), HasSubstr("a property has a count of ints but no ints"));
  EXPECT_THAT(property("many"), HasSubstr("it answers a list of 18446744073709551615 items"));
  EXPECT_THAT(property("text"), HasSubstr("a property's text is not UTF-8"));
}

class ExplainingPlugin : public testing::Test {
 protected:
  PluginRegistry registry{only(broken_plugin("explains"))};

  Error applying(const char* how) {
    return error_of([&] { registry.transforms()[0].apply({"", "", nullptr, {{"how", how}}, {}}); });
  }
};

TEST_F(ExplainingPlugin, EveryMemberOfADiagArrives) {
  const Error error = applying("everything");
  EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
  EXPECT_EQ(error.message(), "the scale is negative (native code -7): read 3 bytes of 4");
  EXPECT_EQ(error.remedy_text(), "export the model again");
  EXPECT_EQ(error.file_name(), "model.safetensors");
  EXPECT_EQ(error.node_name(), "layers.3/mlp");
  EXPECT_EQ(error.key_name(), "scale");
  EXPECT_EQ(error.byte_offset(), 4096u);
  EXPECT_THAT(error.context(), ElementsAre("packing 'layers.3/mlp'", "reading weights",
                                           "running pass 'broken-transform' (plugin broken 0.1.0)"));
}

TEST_F(ExplainingPlugin, UnknownCodesAndStrangeTextsAreShown) {
  const Error error = applying("code");
  EXPECT_EQ(error.code(), ErrorCode::kInternal);
  EXPECT_EQ(error.message(), "M\xEF\xBF\xBDller (unknown status code 7777)");
  EXPECT_EQ(error.byte_offset(), UINT64_MAX);
}

TEST_F(ExplainingPlugin, StatusesThatSayNothingAreStillFailures) {
  EXPECT_EQ(applying("ok").message(), "failed without saying why");
  EXPECT_EQ(applying("nobody").code(), ErrorCode::kMisuse);
}

class ThrowingPlugin : public testing::Test {
 protected:
  PluginRegistry registry{only(broken_plugin("throws_from_calls"))};

  Error applying(const char* what) {
    return error_of([&] { registry.transforms()[0].apply({"", "", nullptr, {{"what", what}}, {}}); });
  }
};

TEST_F(ThrowingPlugin, AnErrorArrivesWhole) {
  const Error error = applying("error");
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(error.message(), "bias is not supported");
  EXPECT_EQ(error.node_name(), "layers.0/mlp");
  EXPECT_EQ(error.remedy_text(), "drop the pass");
  EXPECT_THAT(error.context(),
              ElementsAre("fusing 'layers.0/mlp'", "running pass 'throws' (plugin throws 0.1.0)"));
}

TEST_F(ThrowingPlugin, OtherExceptionsBecomeStatuses) {
  EXPECT_EQ(applying("exception").message(), "row 7 of 4");
  EXPECT_EQ(applying("exception").code(), ErrorCode::kInternal);
  EXPECT_EQ(applying("memory").code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(applying("int").message(), "an exception of unknown type");
}

TEST_F(ThrowingPlugin, AnExceptionThatGetsOutIsItsFault) {
  EXPECT_EQ(error_of([&] { registry.backends()[0].property("isa"); }).message(),
            "plugin 'throws' misbehaves: it let an exception out: unplugged");
}

}  // namespace
}  // namespace tessera
