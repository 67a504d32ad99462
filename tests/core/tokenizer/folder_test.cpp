// Folders without tokenizer.json: each becomes the tokenizer that transformers makes of it. A case of
// tests/data/tokenizers/forms is NAME.json (a vocabulary's folder, and the JSON files beside it) and
// NAME.jsonl (what transformers says, a line a text or a pair); make.py writes them.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/tokenizer/tokenizer.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/core/tokenizer/test_data.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::tokenizer {
namespace {

namespace fs = std::filesystem;

class Folder : public test::TemporaryFolder {
 public:
  void copy(const std::string& vocabulary) const {
    for (const auto& entry : fs::directory_iterator(tokenizer_folder("forms") / vocabulary))
      fs::copy_file(entry.path(), path() / entry.path().filename());
  }
  /// The files of a case.
  void build(const std::string& name) const {
    const std::string text = read_text(tokenizer_folder("forms") / (name + ".json"));
    const boost::json::object form = boost::json::parse(text).as_object();
    copy(form.at("vocabulary").as_string().c_str());
    for (const auto& file : form.at("files").as_object()) {
      write(std::string(file.key()), boost::json::serialize(file.value()));
    }
  }
};

Encoding encode(const Tokenizer& tokenizer, const JsonNode& text) {
  if (text.is_string()) return tokenizer.encode_with_offsets(text.string());
  const std::vector<std::string> pair = strings(text);
  return tokenizer.encode_pair(pair.at(0), pair.at(1));
}

void expect_equal(const Tokenizer& tokenizer, const std::string& expected) {
  const std::vector<JsonDocument> lines = read_lines(tokenizer_folder("forms") / (expected + ".jsonl"));
  ASSERT_GT(lines.size(), 30u);
  for (const JsonDocument& document : lines) {
    const JsonNode line = document.root(), text = line.at("text");
    SCOPED_TRACE(text.is_string() ? std::string(text.string()) : "a pair");
    const Encoding encoding = encode(tokenizer, text);
    EXPECT_EQ(encoding.ids, integers(line.at("ids")));
    EXPECT_EQ(encoding.tokens, strings(line.at("tokens")));
    EXPECT_EQ(encoding.offsets, ranges(line.at("offsets")));
    EXPECT_EQ(std::vector<int64_t>(encoding.type_ids.begin(), encoding.type_ids.end()),
              integers(line.at("type_ids")));
    EXPECT_EQ(tokenizer.decode(encoding.ids), line.at("decoded").string());
    EXPECT_EQ(tokenizer.decode(encoding.ids, false), line.at("decoded_full").string());
    if (text.is_string()) {
      EXPECT_EQ(tokenizer.encode(text.string(), false), integers(line.at("ids_plain")));
    }
  }
}

class Form : public testing::TestWithParam<const char*> {};

TEST_P(Form, EqualsTransformers) {
  const Folder folder;
  folder.build(GetParam());
  expect_equal(Tokenizer::from_folder(folder.path()), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Forms, Form,
                         testing::Values("bert", "bert-cased", "bpe", "distilbert", "gpt2", "gpt2-config",
                                         "gpt2-legacy-files", "llama", "llama-decoder", "llama-extra",
                                         "llama-legacy", "llama-no-prefix", "llama-unigram", "llama-user",
                                         "mistral", "no-dummy-prefix", "roberta", "unigram", "user-bpe",
                                         "user-renamed", "user-unigram"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// transformers wants a config.json; nothing but the files is enough for us.
class FilesAlone : public testing::TestWithParam<const char*> {};

TEST_P(FilesAlone, SayWhatTheyAre) {
  const Folder folder;
  folder.copy(GetParam());
  expect_equal(Tokenizer::from_folder(folder.path()), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Forms, FilesAlone, testing::Values("bert", "bpe", "gpt2", "unigram"),
                         [](const auto& info) { return info.param; });

TEST(TokenizerFolder, ATokenizerJsonComesFirst) {
  const Folder folder;
  folder.copy("gpt2");
  fs::copy_file(tokenizer_folder("bert-tiny") / "tokenizer.json", folder.path() / "tokenizer.json");
  EXPECT_TRUE(Tokenizer::from_folder(folder.path()).token_to_id("[CLS]").has_value());
}

// Bad files.

Error refused(const Folder& folder) {
  try {
    Tokenizer::from_folder(folder.path());
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "loaded";
  return Error(ErrorCode::kInternal, "");
}

struct BrokenFiles {
  const char* name;
  const char* vocabulary;  ///< folder of the good files
  const char* file;        ///< is written anew
  const char* text;        ///< null: the file is taken away
  ErrorCode code;
  const char* where;    ///< the file, or "" for the folder
  const char* message;  ///< a part of it
};

class BrokenFolder : public testing::TestWithParam<BrokenFiles> {};

TEST_P(BrokenFolder, IsRefusedWithFileAndPlace) {
  const BrokenFiles& broken = GetParam();
  const Folder folder;
  folder.copy(broken.vocabulary);
  if (broken.text) {
    folder.write(broken.file, broken.text);
  } else {
    fs::remove(folder.path() / broken.file);
  }
  const Error error = refused(folder);
  EXPECT_EQ(error.code(), broken.code) << error.what();
  const fs::path file = *broken.where ? folder.path() / broken.where : folder.path();
  EXPECT_EQ(error.file_name(), file.string()) << error.what();
  EXPECT_NE(error.message().find(broken.message), std::string::npos) << error.what();
}

constexpr ErrorCode kCorruptFile = ErrorCode::kCorruptData, kMissing = ErrorCode::kNotFound;

INSTANTIATE_TEST_SUITE_P(
    Files, BrokenFolder,
    testing::Values(
        BrokenFiles{"NoFiles", "gpt2", "vocab.json", "", kCorruptFile, "vocab.json", "not valid JSON"},
        BrokenFiles{"VocabIsAList", "gpt2", "vocab.json", "[1]", kCorruptFile, "vocab.json",
                    "expected an object"},
        BrokenFiles{"VocabIdIsText", "gpt2", "vocab.json", R"({"a": "0"})", kCorruptFile, "vocab.json",
                    "expected an integer, found string"},
        BrokenFiles{"VocabIdTwice", "gpt2", "vocab.json", R"({"a": 0, "b": 0})", kCorruptFile, "merges.txt",
                    "the vocabulary has no token"},
        BrokenFiles{"VocabLoneSurrogate", "gpt2", "vocab.json", R"({"\ud800": 0})", kCorruptFile,
                    "vocab.json", "not valid JSON"},
        BrokenFiles{"NoMerges", "gpt2", "merges.txt", nullptr, kMissing, "merges.txt", "no such file"},
        BrokenFiles{"NoVocab", "gpt2", "vocab.json", nullptr, kMissing, "vocab.json", "no such file"},
        BrokenFiles{"MergeOfOne", "gpt2", "merges.txt", "#version: 0.2\nt h\nhe\n", kCorruptFile,
                    "merges.txt", "line 3 is 'he', expected two tokens"},
        BrokenFiles{"MergeOfThree", "gpt2", "merges.txt", "h e l\n", kCorruptFile, "merges.txt",
                    "line 1 is 'h e l'"},
        BrokenFiles{"MergeOfNothing", "gpt2", "merges.txt", "t h\n\n", kCorruptFile, "merges.txt",
                    "line 2 is ''"},
        BrokenFiles{"MergeOfUnknown", "gpt2", "merges.txt", "t h\nzzz e\n", kCorruptFile, "merges.txt",
                    "line 2 merges 'zzz' and 'e', but the vocabulary has no token 'zzz'"},
        BrokenFiles{"MergesNotUtf8", "gpt2", "merges.txt", "t h\n\xff e\n", kCorruptFile, "merges.txt",
                    "line 2 is not valid UTF-8 at its byte 0"},
        BrokenFiles{"VocabTxtEmpty", "bert", "vocab.txt", "", kCorruptFile, "vocab.txt",
                    "the vocabulary is empty"},
        BrokenFiles{"VocabTxtNotUtf8", "bert", "vocab.txt", "a\nb\xc3\n", kCorruptFile, "vocab.txt",
                    "line 2 is not valid UTF-8 at its byte 1"},
        BrokenFiles{"NoVocabTxt", "bert", "vocab.txt", nullptr, kMissing, "",
                    "the folder has no tokenizer files"},
        BrokenFiles{"ModelEmpty", "bpe", "tokenizer.model", "", kCorruptFile, "tokenizer.model",
                    "it has no pieces"},
        BrokenFiles{"ModelIsTiktoken", "bpe", "tokenizer.model", "IQ== 0\nIg== 1\n", kCorruptFile,
                    "tokenizer.model", "malformed SentencePiece model"},
        BrokenFiles{"ModelPieceNotUtf8", "bpe", "tokenizer.model", "\x0a\x03\x0a\x01\xff", kCorruptFile,
                    "tokenizer.model", "pieces[0].piece is not valid UTF-8"},
        BrokenFiles{"ModelScoreNan", "bpe", "tokenizer.model", "\x0a\x06\x15\xff\xff\xff\x7f\x18",
                    kCorruptFile, "tokenizer.model", "pieces[0].score is not a finite number"},
        BrokenFiles{"ConfigNotJson", "bpe", "config.json", "{", kCorruptFile, "config.json",
                    "not valid JSON"},
        BrokenFiles{"ConfigIsAList", "bpe", "tokenizer_config.json", "[]", kCorruptFile,
                    "tokenizer_config.json", "expected an object"},
        BrokenFiles{"OtherClass", "bpe", "tokenizer_config.json", R"({"tokenizer_class": "T5TokenizerFast"})",
                    ErrorCode::kNotSupported, "", "'T5Tokenizer'"},
        BrokenFiles{"FlagIsText", "bert", "tokenizer_config.json", R"({"do_lower_case": "no"})", kCorruptFile,
                    "tokenizer_config.json", "expected true or false, found string"},
        BrokenFiles{"TokenIsANumber", "bert", "tokenizer_config.json", R"({"cls_token": 7})", kCorruptFile,
                    "tokenizer_config.json", "expected an object, found int64"},
        BrokenFiles{"TokenIsNull", "bert", "tokenizer_config.json", R"({"cls_token": null})", kCorruptFile,
                    "tokenizer_config.json", "'cls_token' is null"},
        BrokenFiles{"IdIsNoNumber", "bert", "tokenizer_config.json",
                    R"({"added_tokens_decoder": {"x": {"content": "a"}}})", kCorruptFile,
                    "tokenizer_config.json", "'x' is not a token id"},
        BrokenFiles{"AddedIdIsText", "bert", "added_tokens.json", R"({"a": "1"})", kCorruptFile,
                    "added_tokens.json", "expected an integer"}),
    [](const auto& info) { return info.param.name; });

TEST(TokenizerFolder, AVocabularyWithAnIdTwiceIsRefused) {
  const Folder folder;
  folder.write("vocab.json", R"({"a": 0, "b": 0})");
  folder.write("merges.txt", "#version: 0.2\n");
  const Error error = refused(folder);
  EXPECT_EQ(error.file_name(), (folder.path() / "vocab.json").string());
  EXPECT_NE(error.message().find("both have id 0"), std::string::npos) << error.what();
}

// Cut anywhere, a model file is refused by the byte, or (where a piece ends) makes a smaller tokenizer.
TEST(TokenizerFolder, ACutModelNeverCrashes) {
  const std::string whole = read_text(tokenizer_folder("forms") / "bpe" / "tokenizer.model");
  const Folder folder;
  size_t refusals = 0;
  for (size_t size = 0; size < whole.size(); size += 61) {
    folder.write("tokenizer.model", std::string_view(whole).substr(0, size));
    try {
      Tokenizer::from_folder(folder.path());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), kCorruptFile) << error.what();
      EXPECT_EQ(error.file_name(), (folder.path() / "tokenizer.model").string());
      EXPECT_FALSE(error.remedy_text().empty());
      ++refusals;
    }
  }
  EXPECT_GT(refusals, whole.size() / 122);
}

}  // namespace
}  // namespace tessera::tokenizer
