/// Options as users type them, to settings; and what is refused.
#include "plugins/qaic/backend/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plugins/qaic/backend/compile_folder.hpp"
#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Given = std::vector<std::pair<std::string, std::string>>;

const GraphFacts kDecoder{"causal-lm", 4096, true};
const GraphFacts kEncoder{"feature-extraction", 0, false};

Settings read(const Given& given, const GraphFacts& facts = kDecoder) {
  std::vector<tsr_option> options;
  for (const auto& [name, value] : given) options.push_back({sdk::borrow(name), sdk::borrow(value)});
  return read_settings(sdk::Options(declared_options(), options.data(), options.size()), facts);
}

TEST(Settings, DefaultsAreThoseOfEfficientTransformers) {
  const Settings s = read({});
  EXPECT_EQ(s.shapes.prefill_seq_len, 32);
  EXPECT_EQ(s.shapes.ctx_len, 128);
  EXPECT_EQ(s.num_cores, 16);
  EXPECT_EQ(s.num_devices, 1);
  EXPECT_FALSE(s.decoder.continuous_batching);
  EXPECT_EQ(s.decoder.rotary_rows, 128);
  EXPECT_EQ(s.decoder.weights, WeightType::kFloat16);
  EXPECT_TRUE(s.fp16);
}

TEST(Settings, ASamplerOnTheCard) {
  EXPECT_FALSE(read({}).decoder.sampler.has_value());
  EXPECT_EQ(read({{"include-sampler", "true"}}).decoder.sampler->max_top_k_ids, 512);
  const Settings s =
      read({{"include-sampler", "true"}, {"max-top-k-ids", "64"}, {"include-guided-decoding", "true"}});
  EXPECT_EQ(s.decoder.sampler->max_top_k_ids, 64);
  EXPECT_TRUE(s.decoder.sampler->guided_decoding);
  EXPECT_EQ(error_of([] {
              read({{"max-top-k-ids", "64"}});
            }).message(),
            "max-top-k-ids is given without include-sampler");
  EXPECT_EQ(error_of([] {
              read({{"include-sampler", "true"}, {"return-pdfs", "true"}});
            }).message(),
            "a sampler that gives probabilities is not built yet");
  const Error target = error_of([] {
    read(
        {{"include-sampler", "true"}, {"speculative-model-type", "target"}, {"num-speculative-tokens", "3"}});
  });
  EXPECT_EQ(target.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(target.key_name(), "include-sampler");
}

TEST(Settings, PoolingAndLengthsOfAnEncoder) {
  const Settings s = read({{"seq-len", "32,64"}, {"batch-size", "4"}, {"pooling", "cls"}}, kEncoder);
  EXPECT_THAT(s.seq_lens, ElementsAre(32, 64));
  EXPECT_EQ(s.shapes.batch_size, 4);
  EXPECT_EQ(s.encoder.pooling, "cls");
  EXPECT_EQ(read({}, kEncoder).encoder.pooling, "");
  EXPECT_EQ(error_of([] { read({{"pooling", "avg"}}, kEncoder); }).message(), "pooling is 'avg'");
  EXPECT_EQ(error_of([] {
              read({{"pooling", "mean"}}, {"sequence-classification", 0, false});
            }).message(),
            "pooling is 'mean', but a graph for 'sequence-classification' has no hidden states to pool");
  EXPECT_EQ(error_of([] { read({{"pooling", "mean"}}); }).key_name(), "pooling");
  EXPECT_EQ(error_of([] {
              read({{"seq-len", "32,300"}}, {"feature-extraction", 256, false});
            }).message(),
            "seq-len is 300, the model's position table has 256 rows");
}

TEST(Settings, FullBatchSizeTurnsContinuousBatchingOn) {
  EXPECT_TRUE(read({{"full-batch-size", "4"}}).decoder.continuous_batching);
  EXPECT_FALSE(
      read({{"full-batch-size", "4"}, {"continuous-batching", "false"}}).decoder.continuous_batching);
  EXPECT_EQ(error_of([] { read({{"continuous-batching", "true"}}); }).key_name(), "full-batch-size");
}

TEST(Settings, TakeTheOtherNamesOfOneThing) {
  EXPECT_EQ(read({{"prompt-len", "64"}}).shapes.prefill_seq_len, 64);
  EXPECT_EQ(error_of([] {
              read({{"prompt-len", "64"}, {"prefill-seq-len", "32"}});
            }).message(),
            "prefill-seq-len and prompt-len differ, but are one thing");
  EXPECT_TRUE(read({{"mxfp6", "true"}}).mxfp6_matmul);
  EXPECT_TRUE(read({{"mxint8", "true"}}).mxint8_kv_cache);
}

TEST(Settings, DeviceGroupsAreListsInAnySpelling) {
  for (const char* text : {"0,1", "[0,1]", "[0, 1]", "0:1"}) {
    EXPECT_THAT(parse_device_group(text), ElementsAre(0, 1)) << text;
  }
  EXPECT_EQ(read({{"device-group", "[2,3]"}}).num_devices, 2);
  EXPECT_EQ(error_of([] { parse_device_group("0,x"); }).message(), "'0,x' is no list of device ids");
  EXPECT_EQ(error_of([] { parse_device_group("1,1"); }).message(), "device 1 is named twice");
  EXPECT_EQ(error_of([] {
              read({{"device-group", "0,1"}, {"num-devices", "4"}});
            }).message(),
            "num-devices is 4, device-group names 2");
}

TEST(Settings, SpeculativeTargets) {
  const Settings s = read({{"speculative-model-type", "target"}, {"num-speculative-tokens", "0,3"}});
  EXPECT_TRUE(s.decoder.speculative_target);
  EXPECT_THAT(s.shapes.num_speculative_tokens, ElementsAre(0, 3));
  EXPECT_FALSE(read({{"speculative-model-type", "draft"}}).decoder.speculative_target);
  EXPECT_EQ(error_of([] {
              read({{"speculative-model-type", "taget"}});
            }).remedy_text(),
            "did you mean 'target'?");
}

TEST(Settings, PrefillOnlyHasThreeStates) {
  EXPECT_EQ(read({}).shapes.phase, Phase::kBoth);
  EXPECT_EQ(read({{"prefill-only", "true"}}).shapes.phase, Phase::kPrefillOnly);
  EXPECT_EQ(read({{"prefill-only", "false"}}).shapes.phase, Phase::kDecodeOnly);
}

TEST(Settings, WeightsFollowPrecisionAndCard) {
  EXPECT_EQ(read({{"precision", "fp32"}}).decoder.weights, WeightType::kFloat32);
  EXPECT_EQ(read({{"aic-hw-version", "ai200"}}).decoder.weights, WeightType::kAsStored);
  EXPECT_EQ(read({}, {"causal-lm", 4096, false}).decoder.weights, WeightType::kAsStored);
}

TEST(Settings, OfAnEncoder) {
  const Settings s = read({{"seq-len", "32,64"}, {"token-type-ids", "true"}}, kEncoder);
  EXPECT_THAT(s.seq_lens, ElementsAre(32, 64));
  EXPECT_TRUE(s.encoder.token_type_ids);
  EXPECT_EQ(specializations_of(kEncoder, s).front().name, "Embedding_0");
}

TEST(Settings, UnknownCompilerOptionsPassThrough) {
  EXPECT_THAT(parse_compiler_options("-ols=2  -multicast-weights"),
              ElementsAre(Pair("-ols", "2"), Pair("-multicast-weights", "true")));
  EXPECT_EQ(error_of([] { parse_compiler_options("ols=2"); }).key_name(), "compiler-options");
  EXPECT_THAT(read({{"mos", "1"}, {"aic-enable-depth-first", "true"}, {"compiler-options", "-ols=2"}})
                  .compiler_options,
              ElementsAre(Pair("aic-enable-depth-first", "true"), Pair("mos", "1"), Pair("-ols", "2")));
}

TEST(Settings, RefuseByNameWhatIsNotBuilt) {
  for (const auto& [name, value] : Given{{"use-onnx-subfunctions", "true"},
                                         {"lora-adapters", "a"},
                                         {"enable-qnn", "true"},
                                         {"speculative-model-type", "turbo"}}) {
    const Error error = error_of([&, name = name, value = value] { read({{name, value}}); });
    EXPECT_EQ(error.code(), ErrorCode::kNotSupported) << name;
    EXPECT_EQ(error.key_name(), name);
    EXPECT_THAT(error.message(), HasSubstr("is not built yet"));
  }
}

TEST(Settings, ContradictionsNameTheOption) {
  EXPECT_EQ(error_of([] { read({{"ctx-len", "16"}}); }).key_name(), "ctx_len");
  EXPECT_EQ(error_of([] { read({{"num-speculative-tokens", "3"}}); }).key_name(), "num_speculative_tokens");
  EXPECT_EQ(error_of([] { read({{"mdp-num-partitions", "2"}}); }).message(), "2 partitions on 1 devices");
  EXPECT_EQ(error_of([] { read({{"num-cores", "0"}}); }).message(), "num-cores is 0, expected 1 or more");
  EXPECT_EQ(error_of([] { read({{"num-cores", "17"}}); }).message(), "num-cores is 17, a device has 16");
}

}  // namespace
}  // namespace tessera::qaic
