#include "core/checkpoint/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/value_to.hpp>

#include "core/checkpoint/text_file.hpp"
#include "core/checkpoint/unaligned.hpp"
#include "core/json/json.hpp"
#include "safetensors_bytes.hpp"
#include "temporary_folder.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::length_field;
using testing::safetensors_bytes;
using testing::TemporaryFolder;
using testing::test_data;

// ---- what the format allows
// -------------------------------------------------------------------------------------------

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

INSTANTIATE_TEST_SUITE_P(
    Headers, SafetensorsAccepts,
    ::testing::Values(
        Accepted{"empty_object", "{}", 0}, Accepted{"null_metadata", R"({"__metadata__":null})", 0},
        Accepted{
            "unknown_field",
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":{"x":[1,{"y":null}],"dtype":"F99"}}})",
            1},
        Accepted{
            "unknown_field_of_each_kind",
            R"({"a":{"p":-1,"q":1.5,"r":true,"s":null,"t":"u","dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
            1},
        Accepted{"empty_name", R"({"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
        Accepted{"name_outside_the_basic_plane",
                 "{\"\\ud83d\\ude00\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1},
        Accepted{"zero_size_between",
                 R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                 R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                 R"("z":{"dtype":"F32","shape":[0],"data_offsets":[1,1]}})",
                 2}),
    [](const auto& info) { return std::string(info.param.name); });

// ---- what it does not
// -------------------------------------------------------------------------------------------------

struct Refused {
  const char* name;
  const char* header;
  size_t data_bytes;
  const char* tensor;  // the key that the error names
  const char* reason;  // part of its message
};
class SafetensorsRefuses : public ::testing::TestWithParam<Refused> {};

void expect_story(const Error& error, const std::filesystem::path& path) {
  EXPECT_EQ(error.file_name(), path.string());
  EXPECT_FALSE(error.remedy_text().empty());
  EXPECT_LE(error.byte_offset(), std::filesystem::file_size(path));
}

TEST_P(SafetensorsRefuses, NamingFileTensorOffsetReasonAndRemedy) {
  TemporaryFolder folder;
  std::filesystem::path path = folder.write("f", safetensors_bytes(GetParam().header, GetParam().data_bytes));
  try {
    SafetensorsFile::open(path);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr(GetParam().reason));
    EXPECT_EQ(error.key_name(), GetParam().tensor);
    expect_story(error, path);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Json, SafetensorsRefuses,
    ::testing::Values(
        Refused{"empty", "", 0, "", "ends too early"}, Refused{"spaces", "    ", 0, "", "ends too early"},
        Refused{"cut", R"({"a":{"dtype":"U8","sha)", 0, "a", "ends too early"},
        Refused{"text_after", "{}x", 0, "", "more text"}, Refused{"two_objects", "{}{}", 0, "", "more text"},
        Refused{"array", "[]", 0, "", "the header is an array"},
        Refused{"string", R"("a")", 0, "", "the header is a string"},
        Refused{"number", "7", 0, "", "the header is a number"},
        Refused{"null", "null", 0, "", "the header is null"},
        Refused{"comment", "{/* no */}", 0, "", "not JSON"},
        Refused{"trailing_comma", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},})", 1, "",
                "not JSON"},
        Refused{"single_quotes", "{'a':1}", 0, "", "not JSON"},
        Refused{"raw_newline_in_name", "{\"a\n\":1}", 0, "", "not JSON"},
        Refused{"invalid_utf8", "{\"a\xff\":1}", 0, "", "not JSON"},
        Refused{"overlong_utf8", "{\"\xc0\xaf\":1}", 0, "", "not JSON"},
        Refused{"surrogate_in_utf8", "{\"\xed\xa0\x80\":1}", 0, "", "not JSON"},
        Refused{"lone_surrogate", "{\"\\ud800\":1}", 0, "", "not JSON"},
        Refused{"byte_order_mark", "\xef\xbb\xbf{}", 0, "", "not JSON"},
        Refused{"deep",
                R"({"a":{"x":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}})", 0,
                "a", "not JSON"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Names, SafetensorsRefuses,
    ::testing::Values(
        Refused{"twice",
                R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                2, "a", "occurs twice"},
        Refused{"twice_one_escaped",
                R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                R"("\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                1, "a", "occurs twice"},
        Refused{"metadata_twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "__metadata__",
                "occurs twice"},
        Refused{"metadata_key_twice", R"({"__metadata__":{"k":"v","k":"w"}})", 0, "__metadata__",
                "'k' occurs twice"},
        Refused{"metadata_of_numbers", R"({"__metadata__":{"k":1}})", 0, "__metadata__", "'k' is a number"},
        Refused{"metadata_of_objects", R"({"__metadata__":{"k":{}}})", 0, "__metadata__", "'k' is an object"},
        Refused{"metadata_is_array", R"({"__metadata__":[]})", 0, "__metadata__", "is an array"},
        Refused{"field_twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1,
                "a", "'dtype' occurs twice"},
        Refused{"entry_is_number", R"({"a":1})", 0, "a", "the entry is a number"},
        Refused{"entry_is_null", R"({"a":null})", 0, "a", "the entry is null"},
        Refused{"entry_is_array", R"({"a":[]})", 0, "a", "the entry is an array"},
        Refused{"entry_is_empty", R"({"a":{}})", 0, "a", "has no dtype"},
        Refused{"no_shape", R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1, "a", "has no shape"},
        Refused{"no_offsets", R"({"a":{"dtype":"U8","shape":[1]}})", 1, "a", "has no data_offsets"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    DtypesAndShapes, SafetensorsRefuses,
    ::testing::Values(Refused{"unknown_dtype", R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,1]}})", 1,
                              "a", "unknown dtype 'F7'"},
                      Refused{"newer_dtype", R"({"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}})",
                              1, "a", "unknown dtype 'F8_E8M0'"},
                      Refused{"lower_case_dtype", R"({"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}})",
                              4, "a", "unknown dtype 'f32'"},
                      Refused{"dtype_is_number", R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1,
                              "a", "dtype is a number"},
                      Refused{"dtype_is_null", R"({"a":{"dtype":null,"shape":[1],"data_offsets":[0,1]}})", 1,
                              "a", "dtype is null"},
                      Refused{"negative_dim", R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1,
                              "a", "negative number -1"},
                      Refused{"fraction_dim", R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1,
                              "a", "no 64-bit integer"},
                      Refused{"float_dim", R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1,
                              "a", "no 64-bit integer"},
                      Refused{"string_dim", R"({"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}})", 1,
                              "a", "shape holds a string"},
                      Refused{"null_dim", R"({"a":{"dtype":"U8","shape":[null],"data_offsets":[0,1]}})", 1,
                              "a", "shape holds null"},
                      Refused{"nested_dim", R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1,
                              "a", "shape holds an array"},
                      Refused{"shape_is_number", R"({"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})", 1,
                              "a", "shape is a number"},
                      Refused{"shape_is_null", R"({"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}})", 1,
                              "a", "shape is null"},
                      Refused{"dim_beyond_64_bits",
                              R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}})",
                              1, "a", "no 64-bit integer"},
                      Refused{"dim_beyond_int64",
                              R"({"a":{"dtype":"U8","shape":[0,9223372036854775808],"data_offsets":[0,0]}})",
                              0, "a", "too large"},
                      Refused{"product_overflows",
                              R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                              0, "a", "more bytes than 64 bits"},
                      Refused{"bytes_overflow",
                              R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})",
                              0, "a", "more bytes than 64 bits"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Offsets, SafetensorsRefuses,
    ::testing::Values(
        Refused{"negative", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}})", 1, "a",
                "negative number -1"},
        Refused{"fraction", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1.0]}})", 1, "a",
                "no 64-bit integer"},
        Refused{"string", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":["0",1]}})", 1, "a",
                "data_offsets holds a string"},
        Refused{"object", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":{"begin":0}}})", 1, "a",
                "data_offsets is an object"},
        Refused{"one", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1, "a", "has 1 numbers"},
        Refused{"three", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1, "a",
                "has 3 numbers"},
        Refused{"none", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[]}})", 1, "a", "has 0 numbers"},
        Refused{"end_before_begin", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "a",
                "end before they begin"},
        Refused{"more_than_the_shape", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 8, "a",
                "hold 8 bytes, but F32 [1] has 4"},
        Refused{"less_than_the_shape", R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}})", 20,
                "a", "hold 20 bytes, but F32 [2, 3] has 24"},
        Refused{"scalar_without_bytes", R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,0]}})", 0, "a",
                "F32 [] has 4"},
        Refused{"overlap",
                R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                6, "b", "inside that of 'a'"},
        Refused{"same_bytes",
                R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                4, "b", "inside that of 'a'"},
        Refused{"hole_at_the_start", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "a",
                "1 bytes before it belong to no tensor"},
        Refused{"hole",
                R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
                4, "b", "2 bytes before it"},
        Refused{"zero_size_inside_another",
                R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                R"("z":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
                4, "z", "inside that of 'a'"},
        Refused{"tail", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 3, "",
                "2 bytes after the last tensor"},
        Refused{"tail_without_tensors", "{}", 1, "", "1 bytes after the last tensor"},
        Refused{"truncated_data", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 15, "a",
                "ends at 16, but the file holds only 15 bytes"},
        Refused{"no_data", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 0, "a",
                "only 0 bytes"},
        Refused{
            "end_of_64_bits",
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615]}})",
            1, "a", "belong to no tensor"}),
    [](const auto& info) { return std::string(info.param.name); });

struct RefusedFile {
  const char* name;
  std::string bytes;
  const char* reason;
};
class SafetensorsRefusesFile : public ::testing::TestWithParam<RefusedFile> {};

TEST_P(SafetensorsRefusesFile, NamingFileReasonAndRemedy) {
  TemporaryFolder folder;
  std::filesystem::path path = folder.write("f", GetParam().bytes);
  try {
    SafetensorsFile::open(path);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_THAT(error.message(), HasSubstr(GetParam().reason));
    expect_story(error, path);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, SafetensorsRefusesFile,
    ::testing::Values(
        RefusedFile{"empty", "", "0 bytes, too few"}, RefusedFile{"short", "1234567", "7 bytes, too few"},
        RefusedFile{"length_beyond_the_file", length_field(3) + "{}", "the file ends 2 bytes after"},
        RefusedFile{"length_beyond_the_cap", length_field(100'000'001) + "{}", "the format allows 100000000"},
        RefusedFile{"largest_length", length_field(UINT64_MAX) + "{}", "the format allows"},
        RefusedFile{"zeros_as_padding", length_field(4) + std::string("{}\0\0", 4), "more text"},
        RefusedFile{"length_zero", length_field(0), "ends too early"},
        RefusedFile{"git_lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"},
        RefusedFile{"text_of_a_link", "../_shared/43e3688df511.safetensors", "the text of a link"},
        RefusedFile{"pickle", std::string("PK\x03\x04\x00\x00\x08\x08\x00\x00", 10), "pickle"},
        RefusedFile{"web_page", "<!DOCTYPE html><html></html>", "web page"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Safetensors, RefusesAHeaderOf100MegabytesOfNothingQuickly) {
  TemporaryFolder folder;
  std::filesystem::path path = folder.write("f", length_field(SafetensorsFile::kMaxHeaderBytes) + "{");
  std::filesystem::resize_file(path, 8 + SafetensorsFile::kMaxHeaderBytes);  // sparse: zeros
  EXPECT_THROW(SafetensorsFile::open(path), Error);
}

TEST(Safetensors, RefusesWhatIsNoRegularFile) {
  TemporaryFolder folder;
  EXPECT_THROW(SafetensorsFile::open(folder.path()), Error);
  EXPECT_THROW(SafetensorsFile::open(folder / "absent"), Error);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(SafetensorsFile::open(folder / "pipe"), Error);  // and does not wait for a writer
}

TEST(Safetensors, OffsetOfAJsonErrorIsThatOfTheByte) {
  TemporaryFolder folder;
  try {
    SafetensorsFile::open(folder.write("f", safetensors_bytes(R"({"a":x})", 0)));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.byte_offset(), 8u + 5u);
  }
}

// ---- damage of every kind: an error or an answer, never a crash
// -------------------------------------------------------

const char* const kSample =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("\u00e9":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},"z":{"dtype":"I64","shape":[0],"data_offsets":[26,26]}})";

/// Opens the bytes as a file; when they are accepted, touches every tensor. True when accepted.
bool survives(const std::filesystem::path& path) {
  try {
    SafetensorsFile file = SafetensorsFile::open(path);
    for (const StoredTensor& tensor : file.tensors()) {
      EXPECT_LE(tensor.offset + tensor.length, file.file()->size());
      if (tensor.dtype != DType::kF8E4M3 && tensor.dtype != DType::kF8E5M2) file.floats(tensor.name);
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(Safetensors, EveryTruncationIsRefused) {
  TemporaryFolder folder;
  std::string bytes = safetensors_bytes(kSample, 26);
  ASSERT_TRUE(survives(folder.write("f", bytes)));
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(survives(folder.write("f", std::string_view(bytes).substr(0, length)))) << length;
  }
}

TEST(Safetensors, EveryFlippedByteIsSurvived) {
  TemporaryFolder folder;
  const std::string good = safetensors_bytes(kSample, 26);
  size_t header_end = 8 + std::string_view(kSample).size();
  size_t refused = 0;
  for (size_t i = 0; i < header_end; ++i) {
    for (int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      refused += survives(folder.write("f", bytes)) ? 0 : 1;
    }
  }
  // Only letters of names, metadata and unknown fields may change without harm.
  EXPECT_GT(refused, header_end * 9 * 3 / 4);
}

}  // namespace
}  // namespace tessera
