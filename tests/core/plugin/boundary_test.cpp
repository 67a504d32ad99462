// What the SDK does with structs, options, weights and values that come over the boundary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/plugin/host_table.hpp"
#include "tessera/sdk/plugin.hpp"
#include "tests/core/plugin/error_of.hpp"

namespace tessera {
namespace {

using sdk::OptionInfo;
using sdk::Options;
using sdk::ValueType;
using testing::ElementsAre;

// ---- argument structs ----

/// Arguments of a newer host: 8 bytes longer than those we know.
struct NewerArguments {
  tsr_recognise_args known{};
  uint64_t wish = 0;
  NewerArguments() { known.struct_size = sizeof(*this); }
};

TEST(Arguments, LongerOnesAreFineAsLongAsTheTailIsZero) {
  NewerArguments args;
  EXPECT_EQ(sdk::receive_arguments(&args.known, "args").config.len, 0u);
  args.wish = 1;
  const Error error = error_of([&] { sdk::receive_arguments(&args.known, "args"); });
  EXPECT_EQ(error.code(), ErrorCode::kVersion);
  EXPECT_EQ(error.message(),
            "args asks for something newer: byte 32 is not zero, and only 32 bytes are known here");
}

TEST(Arguments, ReservedMembersMustBeZero) {
  tsr_recognise_args args{};
  args.struct_size = sizeof(args);
  args.reserved = 1;
  EXPECT_EQ(error_of([&] { sdk::receive_arguments(&args, "args"); }).code(), ErrorCode::kVersion);
}

TEST(Arguments, UnknownExtensionsAreSkippedUnlessRequired) {
  tsr_ext extension{sizeof(tsr_ext), 0, sdk::borrow("com.example.tiles/2"), nullptr};
  tsr_recognise_args args{};
  args.struct_size = sizeof(args);
  args.next = &extension;
  sdk::receive_arguments(&args, "args");
  extension.flags = TSR_EXT_REQUIRED;
  EXPECT_EQ(error_of([&] { sdk::receive_arguments(&args, "args"); }).message(),
            "extension 'com.example.tiles/2' is required but not known");
  extension.flags = 0;
  extension.next = &extension;
  EXPECT_EQ(error_of([&] { sdk::receive_arguments(&args, "args"); }).code(), ErrorCode::kMisuse);
}

TEST(Arguments, OutStructsOfOlderPeersAreNotWrittenBeyondTheirEnd) {
  struct {
    tsr_buffer buffer{};
    uint64_t canary = 42;
  } peer;
  peer.buffer.struct_size = sizeof(tsr_buffer);
  tsr_buffer value{};
  value.size = 7;
  sdk::fill(&peer.buffer, value, "buffer");
  EXPECT_EQ(peer.buffer.size, 7u);
  EXPECT_EQ(peer.canary, 42u);
  peer.buffer.struct_size = 8;
  EXPECT_EQ(error_of([&] { sdk::fill(&peer.buffer, value, "buffer"); }).code(), ErrorCode::kVersion);
}

// ---- options ----

const std::vector<OptionInfo> kDeclared = {{"bits", ValueType::kInt64, "8", ""},
                                           {"clip", ValueType::kDouble, "0.5", ""},
                                           {"tied", ValueType::kBool, "false", ""},
                                           {"layers", ValueType::kInt64List, "", ""},
                                           {"names", ValueType::kTextList, "a,b", ""}};

Options options(const std::vector<std::pair<const char*, const char*>>& given) {
  std::vector<tsr_option> c;
  for (const auto& [name, value] : given) c.push_back({sdk::borrow(name), sdk::borrow(value)});
  return Options(kDeclared, c.data(), c.size());
}

TEST(SdkOptions, HaveTheirDefaultsOrWhatWasGiven) {
  const Options defaults = options({});
  EXPECT_EQ(defaults.integer("bits"), 8);
  EXPECT_EQ(defaults.number("clip"), 0.5);
  EXPECT_FALSE(defaults.flag("tied"));
  EXPECT_THAT(defaults.texts("names"), ElementsAre("a", "b"));
  EXPECT_FALSE(defaults.has("layers"));
  const Options given = options({{"bits", "4"}, {"tied", "true"}, {"layers", "0,-3"}, {"names", ""}});
  EXPECT_EQ(given.integer("bits"), 4);
  EXPECT_TRUE(given.flag("tied"));
  EXPECT_THAT(given.integers("layers"), ElementsAre(0, -3));
  EXPECT_THAT(given.texts("names"), testing::IsEmpty());
  EXPECT_TRUE(given.given("bits"));
  EXPECT_FALSE(given.given("clip"));
}

TEST(SdkOptions, RefuseWhatIsNotDeclaredSo) {
  struct Case {
    std::vector<std::pair<const char*, const char*>> given;
    const char* message;
  };
  for (const Case& bad : {Case{{{"bit", "4"}}, "unknown option 'bit'"},
                          Case{{{"bits", "4"}, {"bits", "8"}}, "option 'bits' is given twice"},
                          Case{{{"bits", "4.5"}}, "option 'bits' is '4.5', expected a whole number"},
                          Case{{{"bits", ""}}, "option 'bits' is '', expected a whole number"},
                          Case{{{"bits", "99999999999999999999"}},
                               "option 'bits' is '99999999999999999999', expected a whole number"},
                          Case{{{"clip", "0,5"}}, "option 'clip' is '0,5', expected a number"},
                          Case{{{"tied", "yes"}}, "option 'tied' is 'yes', expected true or false"},
                          Case{{{"layers", "1,x"}}, "option 'layers' is 'x', expected a whole number"}}) {
    const Error error = error_of([&] { options(bad.given); });
    EXPECT_EQ(error.message(), bad.message);
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(error_of([] { options({}).integers("layers"); }).message(), "option 'layers' is missing");
  EXPECT_EQ(error_of([] { options({}).integer("clip"); }).code(), ErrorCode::kMisuse);
  EXPECT_EQ(error_of([] { options({}).integer("nothing"); }).code(), ErrorCode::kMisuse);
}

// ---- weights ----

class SdkWeights : public testing::Test {
 protected:
  SdkWeights() {
    for (const char* name : {"a.weight", "b.weight", "c.weight"}) {
      tsr_weight weight{};
      weight.struct_size = sizeof(weight);
      weight.dtype = TSR_BFLOAT16;
      weight.name = sdk::borrow(name);
      weight.dims = dims;
      weight.rank = 2;
      weight.location = sdk::borrow("model.safetensors");
      weight.offset = 9;
      weight.length = 12;
      entries.push_back(weight);
    }
    for (const tsr_weight& entry : entries) pointers.push_back(&entry);
    table.struct_size = sizeof(table);
    table.ctx = this;
    table.count = pointers.size();
    table.items = pointers.data();
    table.map = [](void* ctx, tsr_str, uint64_t offset, uint64_t length, tsr_buffer* out) -> tsr_status* {
      auto* self = static_cast<SdkWeights*>(ctx);
      if (offset != 9)
        return sdk::make_status(self->host.c(), Error(ErrorCode::kIo, "disk gone").file("model"));
      out->data = "twelve bytes";
      out->size = length;
      out->ctx = ctx;
      out->release = [](void* c) { ++static_cast<SdkWeights*>(c)->released; };
      return nullptr;
    };
  }

  const int64_t dims[2] = {2, 3};
  std::vector<tsr_weight> entries;
  std::vector<const tsr_weight*> pointers;
  tsr_weights table{};
  int released = 0;
  plugin::HostTable host{std::make_shared<plugin::HostFacts>(), "test"};
};

TEST_F(SdkWeights, AreFoundByName) {
  const sdk::Weights weights(host.c(), &table);
  EXPECT_EQ(weights.size(), 3u);
  EXPECT_TRUE(weights.contains("b.weight"));
  EXPECT_FALSE(weights.contains("b"));
  const sdk::Weight found = weights.at("c.weight");
  EXPECT_EQ(found.dtype(), graph::DataType::kBfloat16);
  EXPECT_THAT(found.dims(), ElementsAre(2, 3));
  EXPECT_EQ(found.external().offset, 9u);
  const Error error = error_of([&] { weights.at("b.wieght"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.remedy_text(), "did you mean 'b.weight'?");
}

TEST_F(SdkWeights, ViewsAreReleasedOnceAndFailuresAreErrors) {
  const sdk::Weights weights(host.c(), &table);
  {
    sdk::Buffer view = weights.map(weights.at("a.weight"));
    EXPECT_EQ(view.text(), "twelve bytes");
    const sdk::Buffer moved = std::move(view);
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
  const Error error = error_of([&] { weights.map("model.safetensors", 8, 4); });
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(error.file_name(), "model");
}

TEST_F(SdkWeights, NoneIsAnEmptyDirectory) {
  const sdk::Weights none(host.c(), nullptr);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_FALSE(none.contains("a.weight"));
  EXPECT_EQ(error_of([&] { none.map("model.safetensors", 0, 1); }).code(), ErrorCode::kMisuse);
}

// ---- values ----

TEST(SdkValue, EveryTypeCrossesAndComesBack) {
  sdk::ValueStore store;
  for (const sdk::Value& value :
       {sdk::Value(int64_t{-3}), sdk::Value(0.5), sdk::Value(true), sdk::Value("text"), sdk::Value(""),
        sdk::Value(sdk::Value::Ints{1, 2}), sdk::Value(sdk::Value::Texts{"kv-cache", "slots"}),
        sdk::Value(sdk::Value::Texts{})})
    EXPECT_TRUE(sdk::read_value(store.keep("key", value)) == value);
}

TEST(SdkValue, AnAnswerThatChangesLeavesTheOldOneReadable) {
  sdk::ValueStore store;
  const tsr_value first = store.keep("isa", sdk::Value("avx2"));
  store.keep("isa", sdk::Value("avx512"));
  EXPECT_EQ(sdk::view(first.text), "avx2");
  EXPECT_EQ(store.keep("isa", sdk::Value("avx2")).text.ptr, first.text.ptr);
}

TEST(SdkValue, AskingForAnotherTypeIsAnError) {
  EXPECT_EQ(error_of([] { sdk::Value(true).as_text(); }).message(), "a property is bool, expected text");
}

// ---- the entry ----

TEST(Entry, RefusesAnotherDraftWithBothNumbers) {
  const plugin::HostTable host(std::make_shared<plugin::HostFacts>(), "test");
  const tsr_offer offer{sizeof(tsr_offer), TSR_ABI_VERSION + (1u << 24), host.c()};
  tsr_status* why = nullptr;
  EXPECT_EQ(sdk::detail::answer_offer(&offer, &why, []() -> const tsr_plugin* { return nullptr; }), nullptr);
  const Error error = error_of([&] { sdk::throw_if_failed(host.c(), why); });
  EXPECT_EQ(error.code(), ErrorCode::kVersion);
  EXPECT_EQ(error.message(), "the plugin is built for ABI 1.0 draft 2, the host offers 1.0 draft 3");
}

TEST(Entry, SurvivesAnOfferThatIsNone) {
  tsr_status* why = nullptr;
  const auto never = []() -> const tsr_plugin* { throw Error(ErrorCode::kInternal, "asked"); };
  EXPECT_EQ(sdk::detail::answer_offer(nullptr, &why, never), nullptr);
  const tsr_offer short_offer{4, TSR_ABI_VERSION, nullptr};
  EXPECT_EQ(sdk::detail::answer_offer(&short_offer, &why, never), nullptr);
  EXPECT_EQ(why, nullptr);
}

}  // namespace
}  // namespace tessera
