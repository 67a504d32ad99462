#include "core/checkpoint/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value_to.hpp>

#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "safetensors_bytes.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using testing::safetensors_bytes;
using testing::test_data;

TEST(Safetensors, ReadsWhatOthersTripOver) {
  std::filesystem::path folder = test_data() / "data/cases/040-safetensors-odd-but-valid";
  boost::json::object files = parse_json_object(read_text_file(folder / "case.json"), "case.json")
                                  .at("expected")
                                  .at("files")
                                  .get_object();
  ASSERT_GE(files.size(), 11u);
  for (const auto& [name, expected] : files) {
    SCOPED_TRACE(std::string(name));
    SafetensorsFile file = SafetensorsFile::open(folder / "files" / std::string(name));
    const boost::json::object& tensors = expected.at("tensors").get_object();
    EXPECT_EQ(file.tensors().size(), tensors.size());
    for (const auto& [tensor_name, facts] : tensors) {
      const StoredTensor& tensor = file.tensor(tensor_name);
      EXPECT_EQ(dtype_name(tensor.dtype), facts.at(0).get_string());
      EXPECT_EQ(tensor.dims, boost::json::value_to<std::vector<int64_t>>(facts.at(1)));
    }
  }
}

TEST(Safetensors, ReadsTensorsAtOddAddresses) {
  std::filesystem::path folder = test_data() / "data/cases/040-safetensors-odd-but-valid/files";
  SafetensorsFile file = SafetensorsFile::open(folder / "unaligned-tensor.safetensors");
  EXPECT_EQ(file.tensor("a").offset % 4, 3u);
  EXPECT_THAT(file.floats("a"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(file.floats("m"), ElementsAre(1, 0, 1));
}

TEST(Safetensors, OffsetsDecideNotTheOrderOfTheText) {
  std::filesystem::path folder = test_data() / "data/cases/040-safetensors-odd-but-valid/files";
  SafetensorsFile file = SafetensorsFile::open(folder / "order-not-by-offset.safetensors");
  EXPECT_THAT(file.floats("a"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(file.floats("b"), ElementsAre(1));
}

TEST(Safetensors, ListsTensorsByNameAndKeepsMetadata) {
  TemporaryFolder folder;
  SafetensorsFile file = SafetensorsFile::open(
      folder.write("f", safetensors_bytes(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                          R"("__metadata__":{"format":"pt"},)"
                                          R"("a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}})",
                                          2)));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[1].name, "b");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.find_tensor("c"), nullptr);
  EXPECT_THROW(file.tensor("c"), Error);
}

struct Accepted {
  const char* name;
  const char* header;
  size_t data_bytes;
};
class SafetensorsAccepts : public ::testing::TestWithParam<Accepted> {};

TEST_P(SafetensorsAccepts, AsTheFormatsOwnReader) {
  TemporaryFolder folder;
  EXPECT_NO_THROW(
      SafetensorsFile::open(folder.write("f", safetensors_bytes(GetParam().header, GetParam().data_bytes))));
}

const Accepted kHeaders[] = {
    {"empty_object", "{}", 0},
    {"null_metadata", R"({"__metadata__":null})", 0},
    {"unknown_field",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":{"x":[1,{"y":null}],"dtype":"F99"}}})", 1},
    {"unknown_field_of_each_kind",
     R"({"a":{"p":-1,"q":1.5,"r":true,"s":null,"t":"u","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
    {"empty_name", R"({"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
    {"name_outside_the_basic_plane",
     "{\"\\ud83d\\ude00\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1},
    {"zero_size_between",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
     R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
     R"("z":{"dtype":"F32","shape":[0],"data_offsets":[1,1]}})",
     2},
};
INSTANTIATE_TEST_SUITE_P(Headers, SafetensorsAccepts, ::testing::ValuesIn(kHeaders),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tessera
