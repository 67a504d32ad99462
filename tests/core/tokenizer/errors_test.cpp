// What is wrong with a tokenizer.json is said with the file and the key; what is wrong with a text, with the
// byte.
#include <gtest/gtest.h>

#include "core/tokenizer/tokenizer.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/core/tokenizer/test_data.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::tokenizer {
namespace {

using test::TemporaryFolder;

struct Broken {
  const char* name;
  const char* json;  ///< the blocks besides the model, or a model
  ErrorCode code;
  const char* key;
  const char* message;  ///< a part of it
};

const char* const kModel =
    R"("model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]})";

std::string file_text(const Broken& broken) {
  const std::string blocks = broken.json;
  if (blocks.find("\"model\"") != std::string::npos || blocks.front() != '"') return blocks;
  return "{" + blocks + ", " + kModel + "}";
}

const char kAddedAt[] =
    R"("added_tokens": [{"id": %d, "content": "%s", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true}])";

std::string added(int id, const char* content) {
  char text[400];
  std::snprintf(text, sizeof text, kAddedAt, id, content);
  return text;
}

Error load_error(const std::string& text) {
  const TemporaryFolder folder;
  const auto file = folder.write("tokenizer.json", text);
  try {
    Tokenizer::from_file(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.file_name(), file.string());
    return error;
  }
  ADD_FAILURE() << "loaded: " << text;
  return Error(ErrorCode::kInternal, "");
}

class BrokenFile : public testing::TestWithParam<Broken> {};

TEST_P(BrokenFile, IsRefusedWithItsKey) {
  const Broken& broken = GetParam();
  const Error error = load_error(file_text(broken));
  EXPECT_EQ(error.code(), broken.code) << error.what();
  EXPECT_EQ(error.key_name(), broken.key) << error.what();
  EXPECT_NE(error.message().find(broken.message), std::string::npos) << error.what();
}

constexpr ErrorCode kCorrupt = ErrorCode::kCorruptData, kUnsupported = ErrorCode::kNotSupported;

INSTANTIATE_TEST_SUITE_P(
    Format, BrokenFile,
    testing::Values(Broken{"Empty", "{", kCorrupt, "", "not valid JSON"},
                    Broken{"NotAnObject", "[]", kCorrupt, "", "expected an object"},
                    Broken{"Trailing", "{} x", kCorrupt, "", "not valid JSON at byte 3"},
                    Broken{"LoneSurrogate", R"({"model": {"vocab": {"\ud800": 0}}})", kCorrupt, "",
                           "not valid JSON"},
                    Broken{"NoModel", R"({"version": "1.0"})", kCorrupt, "", "'model' is missing"},
                    Broken{"UnknownKey", R"("extra": 1)", kUnsupported, "extra", "unknown key 'extra'"},
                    Broken{"Version", R"("version": "2.0")", kUnsupported, "version", "'2.0'"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Components, BrokenFile,
    testing::Values(
        Broken{"Normalizer",
               R"("normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Shout"}]})",
               kUnsupported, "normalizer.normalizers[1]", "normalizer 'Shout' is not implemented"},
        Broken{"PreTokenizer", R"("pre_tokenizer": {"type": "Guess"})", kUnsupported, "pre_tokenizer",
               "'Guess'"},
        Broken{"PostProcessor", R"("post_processor": {"type": "X"})", kUnsupported, "post_processor", "'X'"},
        Broken{"Decoder", R"("decoder": {"type": "Sequence", "decoders": [{"type": "Y"}]})", kUnsupported,
               "decoder.decoders[0]", "'Y'"},
        Broken{"Model", R"({"model": {"type": "Magic"}})", kUnsupported, "model", "'Magic'"},
        Broken{"WrongType", R"("normalizer": {"type": "Strip", "strip_left": 1, "strip_right": true})",
               kCorrupt, "normalizer.strip_left", "expected true or false, found int64"},
        Broken{"MissingKey", R"("normalizer": {"type": "Prepend"})", kCorrupt, "normalizer",
               "'prepend' is missing"},
        Broken{"BadRegex",
               R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"})",
               kCorrupt, "pre_tokenizer.pattern.Regex", "unmatched parenthesis"},
        Broken{"BadBehavior",
               R"("pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Odd"})",
               kCorrupt, "pre_tokenizer.behavior", "'Odd'"},
        Broken{"LongMark", R"("pre_tokenizer": {"type": "Metaspace", "replacement": "ab"})", kCorrupt,
               "pre_tokenizer.replacement", "expected one character"},
        Broken{"PrefixContradiction",
               R"("decoder": {"type": "Metaspace", "replacement": "_", "add_prefix_space": false,
               "prepend_scheme": "always"})",
               kCorrupt, "decoder.prepend_scheme", "contradicts"},
        Broken{"TemplateToken",
               R"("post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken":
               {"id": "<s>", "type_id": 0}}], "pair": [], "special_tokens": {}})",
               kCorrupt, "post_processor.single[0].SpecialToken.id", "'<s>' is not among special_tokens"},
        Broken{"TemplateSecondText",
               R"("post_processor": {"type": "TemplateProcessing", "single": [{"Sequence":
               {"id": "B", "type_id": 0}}], "pair": [], "special_tokens": {}})",
               kCorrupt, "post_processor.single", "second text"},
        Broken{"Charsmap", R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": "////"})",
               kCorrupt, "normalizer.precompiled_charsmap", "charsmap of 3 bytes"},
        Broken{"NotBase64", R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": "*"})", kCorrupt,
               "normalizer.precompiled_charsmap", "base64"},
        Broken{"Truncation", R"("truncation": {"max_length": -1, "strategy": "LongestFirst"})", kCorrupt,
               "truncation.max_length", "-1"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Models, BrokenFile,
    testing::Values(
        Broken{"Dropout", R"({"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}})",
               kUnsupported, "model.dropout", "random"},
        Broken{"MergeOfMissing", R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
               "merges": ["a b", "a z"]}})",
               kCorrupt, "model.merges[1]", "'z', which is not in the vocabulary"},
        Broken{"MergeIntoMissing",
               R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}})", kCorrupt,
               "model.merges[0]", "'ab'"},
        Broken{"MergeOfThree", R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a a a"]}})",
               kCorrupt, "model.merges[0]", "one space"},
        Broken{"SameIdTwice", R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}})",
               kCorrupt, "model.vocab", "both have id 0"},
        Broken{"NegativeId", R"({"model": {"type": "WordLevel", "vocab": {"a": -1}, "unk_token": "a"}})",
               kCorrupt, "model.vocab", "id -1"},
        Broken{"HugeId",
               R"({"model": {"type": "WordLevel", "vocab": {"a": 4000000000000}, "unk_token": "a"}})",
               kCorrupt, "model.vocab", "id 4000000000000"},
        Broken{"TextId", R"({"model": {"type": "WordLevel", "vocab": {"a": "0"}, "unk_token": "a"}})",
               kCorrupt, "model.vocab.a", "expected an integer"},
        Broken{"UnigramUnknown", R"({"model": {"type": "Unigram", "unk_id": 3, "vocab": [["a", 0.0]]}})",
               kCorrupt, "model.unk_id", "unk_id 3"},
        Broken{"UnigramScore", R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", "b"]]}})",
               kCorrupt, "model.vocab[0]", "a string and a number"}),
    [](const auto& info) { return info.param.name; });

TEST(AddedTokenIds, ThatContradictTheVocabularyAreRefused) {
  const Error known = load_error("{" + added(2, "a") + ", " + kModel + "}");
  EXPECT_EQ(known.key_name(), "added_tokens[0].id");
  EXPECT_EQ(known.message(), "added token 'a' has id 2, expected 0 (its id in the vocabulary of the model)");
  const Error gap = load_error("{" + added(7, "<x>") + ", " + kModel + "}");
  EXPECT_EQ(gap.message(), "added token '<x>' has id 7, expected 3 (the next free id)");
}

TEST(TokenizerFiles, ThatAreNotThereAreNamed) {
  const TemporaryFolder folder;
  const auto code_of = [](auto load) {
    try {
      load();
    } catch (const Error& error) {
      EXPECT_FALSE(error.file_name().empty());
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of([&] { Tokenizer::from_file(folder.path() / "none.json"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { Tokenizer::from_folder(folder.path() / "none"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { Tokenizer::from_folder(folder.path()); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { Tokenizer::from_file(folder.path()); }), ErrorCode::kIo);
}

TEST(Text, ThatIsNotUtf8IsRefusedWithItsByte) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder("gpt2-tiny"));
  try {
    tokenizer.encode("ab\xC3(");
    FAIL() << "encoded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.byte_offset(), 2u);
    EXPECT_EQ(error.message(), "text is not valid UTF-8 at byte 2 (0xc3)");
  }
}

TEST(Text, ThatNeedsAMissingUnknownTokenIsRefused) {
  const TemporaryFolder folder;
  const auto file =
      folder.write("tokenizer.json",
                   R"({"model": {"type": "BPE", "unk_token": "<unk>", "vocab": {"a": 0}, "merges": []}})");
  const Tokenizer tokenizer = Tokenizer::from_file(file);
  EXPECT_EQ(tokenizer.encode("aa"), (std::vector<int64_t>{0, 0}));
  EXPECT_THROW(tokenizer.encode("ab"), Error);
}

}  // namespace
}  // namespace tessera::tokenizer
