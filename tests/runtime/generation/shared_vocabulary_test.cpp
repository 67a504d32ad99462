#include "runtime/generation/shared_vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Tokenizer tokenizer(const char* model) {
  return Tokenizer::from_folder(std::filesystem::path(std::getenv("TESSERA_TEST_DATA")) / "data" / "models" /
                                model);
}

TEST(SharedVocabulary, IsWhatBothHave) {
  const Tokenizer target = tokenizer("rope-linear"), draft = tokenizer("rope-yarn");
  EXPECT_EQ(shared_ids({&target, 320}, {&draft, 320}), 320);
  EXPECT_EQ(shared_ids({&target, 384}, {&draft, 512}), 320);  // padded heads
  EXPECT_EQ(shared_ids({&target, 320}, {&draft, 300}), 300);
}

TEST(SharedVocabulary, RefusesAnotherTokenizerAndNamesTheFirstDifference) {
  const Tokenizer target = tokenizer("llama-stories260k"), draft = tokenizer("mistral-tiny");
  EXPECT_THAT(
      [&] {
        shared_ids({&target, 512}, {&draft, 896});
      },
      ThrowsMessage<Error>(HasSubstr("the draft model has another tokenizer: token ")));
}

TEST(SharedVocabulary, CountsRowsWhereThereAreNoTokenizers) {
  EXPECT_EQ(shared_ids({nullptr, 100}, {nullptr, 100}), 100);
  EXPECT_THAT(
      [] {
        shared_ids({nullptr, 100}, {nullptr, 128});
      },
      ThrowsMessage<Error>(HasSubstr("128 token ids")));
  const Tokenizer target = tokenizer("rope-linear");
  EXPECT_THAT(
      [&] {
        shared_ids({&target, 320}, {nullptr, 320});
      },
      ThrowsMessage<Error>(HasSubstr("the draft model has no tokenizer")));
}

}  // namespace
}  // namespace tessera
