#include "runtime/generation/end_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace tessera {
namespace {

using testing::ElementsAre;

Tokenizer tokenizer(const std::string& folder) {
  return Tokenizer::from_folder(std::string(std::getenv("TESSERA_TEST_DATA")) + "/data/" + folder);
}

EndTokens find(std::vector<int64_t> ids, const Tokenizer* tokenizer) {
  GenerationConfig config;
  config.eos_token_ids = std::move(ids);
  return find_end_tokens(config, tokenizer);
}

TEST(EndTokens, AreTakenAsTheyStandWithoutATokenizer) {
  EXPECT_THAT(find({2, 7}, nullptr).ids, ElementsAre(2, 7));
}

TEST(EndTokens, ThatAreSpecialAreTakenAsTheyStand) {
  const Tokenizer llama3 = tokenizer("models/llama3-tiny");
  const EndTokens end = find({764, 767}, &llama3);
  EXPECT_THAT(end.ids, ElementsAre(764, 767));
  EXPECT_EQ(end.warning, "");
}

TEST(EndTokens, ThatAreOrdinaryWordsGiveWayToTheSpecialTokenNamedAsAnEnd) {
  const Tokenizer words = tokenizer("cases/050-stop-strings");  // 1 is </s>, 2 the word " alpha"
  const EndTokens end = find({2}, &words);
  EXPECT_THAT(end.ids, ElementsAre(1));
  EXPECT_THAT(end.warning, testing::HasSubstr("eos_token_id 2 is the ordinary word ' alpha'"));
}

TEST(EndTokens, ThatAreOrdinaryWordsStayWhereTheTokenizerNamesNoEnd) {
  const Tokenizer plain = tokenizer("cases/051-eos-lists/config-int");
  EXPECT_THAT(find({2}, &plain).ids, ElementsAre(2));
}

}  // namespace
}  // namespace tessera
