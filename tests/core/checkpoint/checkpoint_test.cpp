#include "core/checkpoint/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "core/checkpoint/unaligned.hpp"
#include "safetensors_bytes.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::one_tensor;
using testing::test_data;

constexpr const char* kIndex = "model.safetensors.index.json";

/// The first byte of a tensor: the test models fill each with one value.
char first_byte(const Checkpoint& checkpoint, std::string_view name) {
  const TensorEntry* tensor = checkpoint.find_tensor(name);
  if (tensor == nullptr || tensor->length == 0) return '\0';
  return static_cast<char>(checkpoint.map(*tensor).bytes().front());
}

// ---- folders that are right -------------------------------------------------------------------------------

TEST(Checkpoint, ReadsASingleFile) {
  Checkpoint checkpoint = Checkpoint::open(test_data() / "data/models/llama-stories260k");
  EXPECT_EQ(checkpoint.model_type(), "llama");
  EXPECT_THAT(checkpoint.architectures(), ElementsAre("LlamaForCausalLM"));
  EXPECT_THAT(checkpoint.config_text(), HasSubstr("\"rms_norm_eps\""));
  EXPECT_TRUE(checkpoint.generation_config_text().has_value());
  EXPECT_EQ(checkpoint.tokenizer_files().tokenizer.filename(), "tokenizer.json");
  EXPECT_TRUE(checkpoint.tokenizer_files().chat_template.empty());
  EXPECT_THAT(checkpoint.locations(), ElementsAre("model.safetensors"));
  EXPECT_THAT(checkpoint.warnings(), IsEmpty());
  const TensorEntry* embedding = checkpoint.find_tensor("model.embed_tokens.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->dtype, DType::kF32);
  EXPECT_THAT(embedding->dims, ElementsAre(512, 64));
  EXPECT_EQ(embedding->length, 512u * 64 * 4);
}

TEST(Checkpoint, FindsTheFilesOfATokenizerWithoutTokenizerJson) {
  const std::filesystem::path source = test_data() / "data/models/llama-stories260k";
  for (const char* name : {"tokenizer.model", "vocab.json", "vocab.txt"}) {
    TemporaryFolder folder;
    for (const char* file : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(source / file, folder.path() / file);
    EXPECT_TRUE(Checkpoint::open(folder.path()).tokenizer_files().tokenizer.empty());
    folder.write(name, "x");
    EXPECT_EQ(Checkpoint::open(folder.path()).tokenizer_files().tokenizer.filename(), name);
  }
}

TEST(Checkpoint, ReadsShards) {
  Checkpoint checkpoint = Checkpoint::open(test_data() / "data/models/llama3-tiny");
  EXPECT_THAT(checkpoint.locations(),
              ElementsAre("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                          "model-00003-of-00003.safetensors"));
  EXPECT_THAT(checkpoint.warnings(), IsEmpty());
  EXPECT_EQ(checkpoint.total_bytes(), 1771776u);
  EXPECT_TRUE(std::is_sorted(checkpoint.tensors().begin(), checkpoint.tensors().end(),
                             [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; }));
  for (const TensorEntry& tensor : checkpoint.tensors()) EXPECT_EQ(tensor.dtype, DType::kBF16) << tensor.name;
}

TEST(Checkpoint, TheIndexDecidesWhichShardCounts) {
  for (const char* folder : {"overlay", "reversed"}) {
    SCOPED_TRACE(folder);
    Checkpoint checkpoint = Checkpoint::open(test_data() / "data/cases/042-index-decides" / folder);
    EXPECT_THAT(checkpoint.locations(),
                ElementsAre("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"));
    EXPECT_EQ(checkpoint.warnings().size(), 2u);  // each shard holds more than the index takes from it
    EXPECT_EQ(checkpoint.tensors().size(), 21u);
  }
}

TEST(Checkpoint, StaleCopiesInOtherShardsAreNotRead) {
  TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("1.safetensors", one_tensor("a", 4, 'n'));
  folder.write("2.safetensors",
               testing::safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                          R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                          2));
  folder.write("stray.safetensors", "not even safetensors");
  folder.write(
      kIndex,
      R"({"metadata":{"total_size":"wrong"},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_EQ(first_byte(checkpoint, "a"), 'n');
  EXPECT_EQ(first_byte(checkpoint, "b"), '\2');
  ASSERT_EQ(checkpoint.warnings().size(), 1u);
  EXPECT_THAT(checkpoint.warnings()[0], HasSubstr("1 tensors that the index does not take from it"));
}

TEST(Checkpoint, ASingleFileBesideAnIndexWinsWithAWarning) {
  TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors", one_tensor("a", 4, 's'));
  folder.write(kIndex, R"({"weight_map":{"a":"absent.safetensors"}})");
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(first_byte(checkpoint, "a"), 's');
  ASSERT_EQ(checkpoint.warnings().size(), 1u);
  EXPECT_THAT(checkpoint.warnings()[0], HasSubstr("ignoring the index"));
}

TEST(Checkpoint, FollowsLinksAsInTheHubsCache) {
  TemporaryFolder cache;
  cache.write("blobs/aa11", "{\"model_type\":\"llama\"}");
  cache.write("blobs/bb22", one_tensor("a", 4, 'l'));
  fs::create_directories(cache / "snapshots/c0ffee");
  fs::create_symlink("../../blobs/aa11", cache / "snapshots/c0ffee/config.json");
  fs::create_symlink("../../blobs/bb22", cache / "snapshots/c0ffee/model.safetensors");
  Checkpoint checkpoint = Checkpoint::open(cache / "snapshots/c0ffee");
  EXPECT_EQ(checkpoint.model_type(), "llama");
  EXPECT_EQ(first_byte(checkpoint, "a"), 'l');
  EXPECT_EQ(checkpoint.find_tensor("a")->location, "model.safetensors");
  EXPECT_EQ(checkpoint.real_path("model.safetensors"), fs::canonical(cache / "blobs/bb22"));
}

TEST(Checkpoint, ConfigMayLackItsFacts) {
  TemporaryFolder folder;
  folder.write("model.safetensors", one_tensor("a", 1, 'x'));
  for (const char* config : {"{}", R"({"model_type":null,"architectures":null})"}) {
    folder.write("config.json", config);
    Checkpoint checkpoint = Checkpoint::open(folder.path());
    EXPECT_EQ(checkpoint.model_type(), "");
    EXPECT_THAT(checkpoint.architectures(), IsEmpty());
    EXPECT_FALSE(checkpoint.generation_config_text().has_value());
  }
}

// ---- the bytes --------------------------------------------------------------------------------------------

TEST(Checkpoint, ViewsOutliveItAndReadCopiesTheSameBytes) {
  TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors", one_tensor("a", 10'000, 'v'));
  std::optional<MappedView> view;
  {
    Checkpoint checkpoint = Checkpoint::open(folder.path());
    const TensorEntry& tensor = *checkpoint.find_tensor("a");
    view = checkpoint.map(tensor);
    std::vector<std::byte> copy(tensor.length);
    checkpoint.read(tensor.location, tensor.offset, tensor.length, copy.data());
    EXPECT_TRUE(std::equal(copy.begin(), copy.end(), view->bytes().begin()));
    checkpoint.drop_pages(tensor.location, tensor.offset, tensor.length);
    EXPECT_EQ(view->bytes().back(), static_cast<std::byte>('v'));  // read again
  }
  EXPECT_EQ(view->size(), 10'000u);
  EXPECT_EQ(view->bytes().front(), static_cast<std::byte>('v'));
}

TEST(Checkpoint, RangesAreChecked) {
  TemporaryFolder folder;
  folder.write("config.json", "{}");
  uint64_t size = fs::file_size(folder.write("model.safetensors", one_tensor("a", 8, 'x')));
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  std::byte byte{};
  EXPECT_EQ(checkpoint.map("model.safetensors", size, 0).size(), 0u);
  EXPECT_THROW(checkpoint.map("model.safetensors", size, 1), Error);
  EXPECT_THROW(checkpoint.map("model.safetensors", 8, UINT64_MAX), Error);
  EXPECT_THROW(checkpoint.map("model.safetensors", UINT64_MAX, 8), Error);
  EXPECT_THROW(checkpoint.read("model.safetensors", size, 1, &byte), Error);
  EXPECT_THROW(checkpoint.map("../other", 0, 1), Error);
  EXPECT_THROW(checkpoint.map("config.json", 0, 1), Error);  // no file of weights
  checkpoint.drop_pages("model.safetensors", UINT64_MAX, UINT64_MAX);
  checkpoint.drop_pages("model.safetensors", 0, UINT64_MAX);
  checkpoint.drop_pages("absent", 0, 1);
}

TEST(Checkpoint, ReadReportsAFileThatBecameShorter) {
  TemporaryFolder folder;
  folder.write("config.json", "{}");
  fs::path path = folder.write("model.safetensors", one_tensor("a", 100, 'x'));
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  const TensorEntry& tensor = *checkpoint.find_tensor("a");
  fs::resize_file(path, tensor.offset + 50);
  std::vector<std::byte> copy(tensor.length);
  try {
    checkpoint.read(tensor.location, tensor.offset, tensor.length, copy.data());
    FAIL() << "read past the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("shorter"));
  }
}

TEST(Checkpoint, ThreadsReadAtOnce) {
  Checkpoint checkpoint = Checkpoint::open(test_data() / "data/models/llama3-tiny");
  auto sum_all = [&checkpoint] {
    uint64_t sum = 0;
    for (const TensorEntry& tensor : checkpoint.tensors()) {
      for (std::byte byte : checkpoint.map(tensor).bytes()) sum += std::to_integer<uint64_t>(byte);
      checkpoint.drop_pages(tensor.location, tensor.offset, tensor.length);
    }
    return sum;
  };
  uint64_t alone = sum_all();
  std::vector<uint64_t> sums(4);
  std::vector<std::thread> threads;
  for (uint64_t& sum : sums) threads.emplace_back([&] { sum = sum_all(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(sums, ElementsAre(alone, alone, alone, alone));
}

// ---- folders that are not ---------------------------------------------------------------------------------

struct BadFolder {
  const char* name;
  std::function<void(const TemporaryFolder&)> make;
  ErrorCode code;
  const char* file;    // end of the file that the error names
  const char* key;     // "" = none
  const char* reason;  // part of the message
};
void PrintTo(const BadFolder& bad, std::ostream* out) {
  *out << bad.name;
}

class CheckpointRefuses : public ::testing::TestWithParam<BadFolder> {};

TEST_P(CheckpointRefuses, NamingFileKeyReasonAndRemedy) {
  const BadFolder& bad = GetParam();
  TemporaryFolder folder;
  bad.make(folder);
  try {
    Checkpoint::open(folder / "m");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), bad.code);
    EXPECT_THAT(error.file_name(), ::testing::EndsWith(bad.file));
    EXPECT_EQ(error.key_name(), bad.key);
    EXPECT_THAT(error.message(), HasSubstr(bad.reason));
    EXPECT_FALSE(error.remedy_text().empty());
  }
}

/// A folder with this config and one good file of weights.
auto config(std::string text) {
  return [text](const TemporaryFolder& f) {
    f.write("m/config.json", text);
    f.write("m/model.safetensors", one_tensor("a", 1, 'x'));
  };
}

/// A folder with this index and one good shard, 1.safetensors, which holds the tensor a.
auto index(std::string text) {
  return [text](const TemporaryFolder& f) {
    f.write("m/config.json", "{}");
    f.write(std::string("m/") + kIndex, text);
    f.write("m/1.safetensors", one_tensor("a", 1, 'x'));
  };
}

/// A folder with a config and these empty files.
auto only(std::vector<std::string> names) {
  return [names](const TemporaryFolder& f) {
    f.write("m/config.json", "{}");
    for (const std::string& name : names) f.write("m/" + name, "");
  };
}

std::string case_name(const ::testing::TestParamInfo<BadFolder>& info) {
  return info.param.name;
}

constexpr ErrorCode kMissing = ErrorCode::kNotFound;
constexpr ErrorCode kCorrupt = ErrorCode::kCorruptData;

const BadFolder kFolders[] = {
    {"no_folder", [](const TemporaryFolder&) {}, kMissing, "/m", "", "no such folder"},
    {"a_file", [](const TemporaryFolder& f) { f.write("m", ""); }, ErrorCode::kInvalidArgument, "/m", "",
     "this is a file"},
    {"no_config", [](const TemporaryFolder& f) { f.write("m/model.safetensors", one_tensor("a", 1, 'x')); },
     kMissing, "/m/config.json", "", "no config.json"},
    {"config_is_a_dead_link",
     [](const TemporaryFolder& f) {
       fs::create_directory(f / "m");
       fs::create_symlink("../blobs/gone", f / "m/config.json");
     },
     kMissing, "/m/config.json", "", "No such file"},
    {"no_weights", only({}), kMissing, "/m", "", "neither model.safetensors nor"},
    {"pickle_only", only({"pytorch_model.bin"}), ErrorCode::kNotSupported, "/m", "",
     "weights only as pytorch_model.bin"},
    {"gguf_only", only({"model.gguf"}), ErrorCode::kNotSupported, "/m", "", "weights only as model.gguf"},
    {"other_names_only", only({"consolidated.safetensors"}), kMissing, "/m", "",
     "only consolidated.safetensors"},
    {"weights_are_a_dead_link",
     [](const TemporaryFolder& f) {
       f.write("m/config.json", "{}");
       fs::create_symlink("../blobs/gone", f / "m/model.safetensors");
     },
     kMissing, "/m/model.safetensors", "", "No such file"},
    {"weights_are_damaged",
     [](const TemporaryFolder& f) {
       f.write("m/config.json", "{}");
       f.write("m/model.safetensors", one_tensor("a", 9, 'x').substr(0, 64));
     },
     kCorrupt, "/m/model.safetensors", "a", "holds only"},
};
INSTANTIATE_TEST_SUITE_P(Folders, CheckpointRefuses, ::testing::ValuesIn(kFolders), case_name);

const BadFolder kConfigs[] = {
    {"empty", config(""), kCorrupt, "config.json", "", "the text is empty, line 1, column 1"},
    {"cut", config("{\"a\":"), kCorrupt, "config.json", "a", "ends too early"},
    {"array", config("[]"), kCorrupt, "config.json", "", "is an array, expected an object"},
    {"nan", config("{\"rope_scaling\":\n{\"factor\":NaN}}"), kCorrupt, "config.json", "rope_scaling.factor",
     "no JSON numbers, line 2, column 11"},
    {"model_type_is_a_number", config(R"({"model_type":1})"), kCorrupt, "config.json", "model_type",
     "is an integer, expected a string"},
    {"architectures_is_a_string", config(R"({"architectures":"L"})"), kCorrupt, "config.json",
     "architectures", "is a string, expected an array"},
    {"architectures_of_numbers", config(R"({"architectures":[1]})"), kCorrupt, "config.json", "architectures",
     "is an integer, expected strings"},
};
INSTANTIATE_TEST_SUITE_P(Configs, CheckpointRefuses, ::testing::ValuesIn(kConfigs), case_name);

const BadFolder kIndexes[] = {
    {"not_json", index("x"), kCorrupt, kIndex, "", "not JSON"},
    {"no_weight_map", index("{}"), kCorrupt, kIndex, "weight_map", "no weight_map"},
    {"weight_map_is_array", index(R"({"weight_map":[]})"), kCorrupt, kIndex, "weight_map", "is an array"},
    {"weight_map_is_empty", index(R"({"weight_map":{}})"), kCorrupt, kIndex, "weight_map", "names no tensor"},
    {"file_is_a_number", index(R"({"weight_map":{"a":1}})"), kCorrupt, kIndex, "a", "is an integer"},
    {"file_is_empty", index(R"({"weight_map":{"a":""}})"), kCorrupt, kIndex, "a", "not a name in the folder"},
    {"file_is_above", index(R"({"weight_map":{"a":"../1.safetensors"}})"), kCorrupt, kIndex, "a",
     "not a name in the folder"},
    {"file_is_absolute", index(R"({"weight_map":{"a":"/1.safetensors"}})"), kCorrupt, kIndex, "a",
     "not a name in the folder"},
    {"file_is_dots", index(R"({"weight_map":{"a":".."}})"), kCorrupt, kIndex, "a",
     "not a name in the folder"},
    {"file_holds_a_zero", index(R"({"weight_map":{"a":"1.safetensors\u0000x"}})"), kCorrupt, kIndex, "a",
     "not a name in the folder"},
    {"tensor_twice", index(R"({"weight_map":{"a":"1.safetensors","a":"2.safetensors"}})"), kCorrupt, kIndex,
     "weight_map.a", "occurs twice"},
    {"shard_is_missing", index(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})"), kMissing,
     "/m/2.safetensors", "b", "the shard is missing"},
    {"shard_lacks_a_tensor", index(R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors"}})"), kMissing,
     "/m/1.safetensors", "b", "in this shard, which lacks it"},
};
INSTANTIATE_TEST_SUITE_P(Indexes, CheckpointRefuses, ::testing::ValuesIn(kIndexes), case_name);

}  // namespace
}  // namespace tessera
