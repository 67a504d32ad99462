#include "runtime/encoder/checkpoint_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Labels, AreThoseOfTheMapInTheOrderOfTheirNumbers) {
  EXPECT_THAT(read_labels(R"({"id2label": {"10": "k", "0": "a", "1": "b"}})", 2), ElementsAre("a", "b"));
  EXPECT_THAT(read_labels("{}", 2), ElementsAre("LABEL_0", "LABEL_1"));
  EXPECT_THAT(read_labels(R"({"id2label": null})", 1), ElementsAre("LABEL_0"));
  EXPECT_THAT(read_labels(R"({"id2label": {"0": 5}})", 1), ElementsAre("5"));
}

TEST(Labels, WithAHoleAreRefused) {
  EXPECT_EQ(message_of([] { read_labels(R"({"id2label": {"0": "a", "2": "c"}})", 2); }),
            "'id2label' has no entry for label 1, the classifier has 2 labels");
  EXPECT_THAT(message_of([] { read_labels(R"({"id2label": {"zero": "a"}})", 1); }), HasSubstr("'zero'"));
  EXPECT_THAT(message_of([] { read_labels(R"({"id2label": ["a"]})", 1); }), HasSubstr("an array"));
}

TEST(FunctionToApply, FollowsTheProblemType) {
  EXPECT_EQ(read_function_to_apply("{}", 3), FunctionToApply::kSoftmax);
  EXPECT_EQ(read_function_to_apply("{}", 1), FunctionToApply::kSigmoid);
  EXPECT_EQ(read_function_to_apply(R"({"problem_type": "regression"})", 1), FunctionToApply::kNone);
  EXPECT_EQ(read_function_to_apply(R"({"problem_type": "multi_label_classification"})", 3),
            FunctionToApply::kSigmoid);
  EXPECT_EQ(read_function_to_apply(R"({"problem_type": "single_label_classification"})", 3),
            FunctionToApply::kSoftmax);
  EXPECT_THAT(message_of([] { read_function_to_apply(R"({"problem_type": "guess"})", 3); }),
              HasSubstr("guess"));
}

}  // namespace
}  // namespace tessera
