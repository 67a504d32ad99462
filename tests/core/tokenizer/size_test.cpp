// Texts and files of sizes that nobody means to give: each a result or an error. A step that took the square
// of the size would run into the time limit of the test (a megabyte squared is a quarter of an hour and
// more).
#include <gtest/gtest.h>

#include <fstream>

#include "core/tokenizer/tokenizer.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/core/tokenizer/test_data.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::tokenizer {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

/// One byte, the part again and again, one byte: runs that begin and end inside a text.
std::string run_of(std::string_view part, size_t bytes) {
  std::string text = "a";
  while (text.size() < bytes) text += part;
  return text += "x";
}

void expect_long_texts_encode(const Tokenizer& tokenizer) {
  for (const char* part :
       {"The quick brown fox, 13 dogs.\n", "a", " ", "\n", "中", "0", "<s>", "▁", "e\u0301"}) {
    SCOPED_TRACE(part);
    EXPECT_FALSE(tokenizer.encode(run_of(part, 1 << 20)).empty());
  }
}

class LongText : public testing::TestWithParam<const char*> {};

TEST_P(LongText, TakesTimeInProportion) {
  expect_long_texts_encode(Tokenizer::from_folder(tokenizer_folder(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, LongText, testing::Values("bert-tiny", "gpt2-tiny", "llama-stories260k"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// These normalize spaces by regular expressions, and do not cut the text into words.
class LongSentencePieceText : public testing::TestWithParam<const char*> {};

TEST_P(LongSentencePieceText, TakesTimeInProportion) {
  const TemporaryFolder folder;
  fs::copy_file(tokenizer_folder("forms") / GetParam() / "tokenizer.model",
                folder.path() / "tokenizer.model");
  expect_long_texts_encode(Tokenizer::from_folder(folder.path()));
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, LongSentencePieceText, testing::Values("user-bpe", "user-unigram"),
                         [](const auto& info) { return std::string(info.param + 5); });

TEST(LongFile, OfFiftyMegabytesLoads) {
  std::string text = R"({"model": {"type": "BPE", "merges": [], "vocab": {)";
  text.reserve(51'000'000);
  const std::string filler(12, 'x');
  for (int id = 0; text.size() < 50'000'000; ++id)
    text += (id == 0 ? "\"" : ",\"") + filler + std::to_string(id) + "\":" + std::to_string(id);
  text += "}}}";
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "tokenizer.json", std::ios::binary) << text;
  EXPECT_GT(Tokenizer::from_folder(folder.path()).vocab_size(), 1'000'000);
}

TEST(LongFile, OfOnePieceOfMegabytesLoads) {
  // A SentencePiece model: pieces "a" and "aaa...", each a message { 1: text }.
  const auto varint = [](size_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
  };
  const auto field = [&](std::string_view value) {
    return "\x0a" + varint(value.size()) + std::string(value);
  };
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "tokenizer.model", std::ios::binary)
      << field(field("<unk>")) << field(field("a")) << field(field(std::string(4 << 20, 'a')))
      << "\x12\x02\x18\x02";  // trainer_spec { model_type: BPE }
  const Tokenizer tokenizer = Tokenizer::from_folder(folder.path());
  EXPECT_EQ(tokenizer.vocab_size(), 5);  // and <s>, </s>
}

}  // namespace
}  // namespace tessera::tokenizer
