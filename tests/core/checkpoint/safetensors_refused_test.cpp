// Files that break the format: each is refused with file, tensor, byte offset, reason and remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/checkpoint/safetensors.hpp"
#include "safetensors_bytes.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;
using testing::length_field;
using testing::safetensors_bytes;

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

const Refused kJson[] = {
    {"empty", "", 0, "", "ends too early"},
    {"spaces", "    ", 0, "", "ends too early"},
    {"cut", R"({"a":{"dtype":"U8","sha)", 0, "a", "ends too early"},
    {"text_after", "{}x", 0, "", "more text"},
    {"two_objects", "{}{}", 0, "", "more text"},
    {"array", "[]", 0, "", "the header is an array"},
    {"string", R"("a")", 0, "", "the header is a string"},
    {"number", "7", 0, "", "the header is a number"},
    {"null", "null", 0, "", "the header is null"},
    {"comment", "{/* no */}", 0, "", "not JSON"},
    {"trailing_comma", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},})", 1, "", "not JSON"},
    {"single_quotes", "{'a':1}", 0, "", "not JSON"},
    {"raw_newline_in_name", "{\"a\n\":1}", 0, "", "not JSON"},
    {"invalid_utf8", "{\"a\xff\":1}", 0, "", "not JSON"},
    {"overlong_utf8", "{\"\xc0\xaf\":1}", 0, "", "not JSON"},
    {"surrogate_in_utf8", "{\"\xed\xa0\x80\":1}", 0, "", "not JSON"},
    {"lone_surrogate", "{\"\\ud800\":1}", 0, "", "not JSON"},
    {"byte_order_mark", "\xef\xbb\xbf{}", 0, "", "not JSON"},
    {"deep", R"({"a":{"x":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}})", 0, "a",
     "not JSON"},
};
INSTANTIATE_TEST_SUITE_P(Json, SafetensorsRefuses, ::testing::ValuesIn(kJson),
                         [](const auto& info) { return std::string(info.param.name); });

const Refused kNames[] = {
    {"twice",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
     R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
     2, "a", "occurs twice"},
    {"twice_one_escaped",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
     R"("\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
     1, "a", "occurs twice"},
    {"metadata_twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "__metadata__", "occurs twice"},
    {"metadata_key_twice", R"({"__metadata__":{"k":"v","k":"w"}})", 0, "__metadata__", "'k' occurs twice"},
    {"metadata_of_numbers", R"({"__metadata__":{"k":1}})", 0, "__metadata__", "'k' is a number"},
    {"metadata_of_objects", R"({"__metadata__":{"k":{}}})", 0, "__metadata__", "'k' is an object"},
    {"metadata_is_array", R"({"__metadata__":[]})", 0, "__metadata__", "is an array"},
    {"field_twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "a",
     "'dtype' occurs twice"},
    {"entry_is_number", R"({"a":1})", 0, "a", "the entry is a number"},
    {"entry_is_null", R"({"a":null})", 0, "a", "the entry is null"},
    {"entry_is_array", R"({"a":[]})", 0, "a", "the entry is an array"},
    {"entry_is_empty", R"({"a":{}})", 0, "a", "has no dtype"},
    {"no_shape", R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1, "a", "has no shape"},
    {"no_offsets", R"({"a":{"dtype":"U8","shape":[1]}})", 1, "a", "has no data_offsets"},
};
INSTANTIATE_TEST_SUITE_P(Names, SafetensorsRefuses, ::testing::ValuesIn(kNames),
                         [](const auto& info) { return std::string(info.param.name); });

const Refused kDtypesAndShapes[] = {
    {"unknown_dtype", R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,1]}})", 1, "a",
     "unknown dtype 'F7'"},
    {"newer_dtype", R"({"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}})", 1, "a",
     "unknown dtype 'F8_E8M0'"},
    {"lower_case_dtype", R"({"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}})", 4, "a",
     "unknown dtype 'f32'"},
    {"dtype_is_number", R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1, "a", "dtype is a number"},
    {"dtype_is_null", R"({"a":{"dtype":null,"shape":[1],"data_offsets":[0,1]}})", 1, "a", "dtype is null"},
    {"negative_dim", R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "a",
     "negative number -1"},
    {"fraction_dim", R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1, "a",
     "no 64-bit integer"},
    {"float_dim", R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "a", "no 64-bit integer"},
    {"string_dim", R"({"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}})", 1, "a",
     "shape holds a string"},
    {"null_dim", R"({"a":{"dtype":"U8","shape":[null],"data_offsets":[0,1]}})", 1, "a", "shape holds null"},
    {"nested_dim", R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1, "a",
     "shape holds an array"},
    {"shape_is_number", R"({"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})", 1, "a",
     "shape is a number"},
    {"shape_is_null", R"({"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}})", 1, "a", "shape is null"},
    {"dim_beyond_64_bits", R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}})", 1,
     "a", "no 64-bit integer"},
    {"dim_beyond_int64", R"({"a":{"dtype":"U8","shape":[0,9223372036854775808],"data_offsets":[0,0]}})", 0,
     "a", "too large"},
    {"product_overflows", R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
     "a", "more bytes than 64 bits"},
    {"bytes_overflow", R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0, "a",
     "more bytes than 64 bits"},
};
INSTANTIATE_TEST_SUITE_P(DtypesAndShapes, SafetensorsRefuses, ::testing::ValuesIn(kDtypesAndShapes),
                         [](const auto& info) { return std::string(info.param.name); });

const Refused kOffsets[] = {
    {"negative", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}})", 1, "a", "negative number -1"},
    {"fraction", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1.0]}})", 1, "a", "no 64-bit integer"},
    {"string", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":["0",1]}})", 1, "a",
     "data_offsets holds a string"},
    {"object", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":{"begin":0}}})", 1, "a",
     "data_offsets is an object"},
    {"one", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1, "a", "has 1 numbers"},
    {"three", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1, "a", "has 3 numbers"},
    {"none", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[]}})", 1, "a", "has 0 numbers"},
    {"end_before_begin", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "a",
     "end before they begin"},
    {"more_than_the_shape", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 8, "a",
     "hold 8 bytes, but F32 [1] has 4"},
    {"less_than_the_shape", R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}})", 20, "a",
     "hold 20 bytes, but F32 [2, 3] has 24"},
    {"scalar_without_bytes", R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,0]}})", 0, "a",
     "F32 [] has 4"},
    {"overlap",
     R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
     6, "b", "inside that of 'a'"},
    {"same_bytes",
     R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
     4, "b", "inside that of 'a'"},
    {"hole_at_the_start", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "a",
     "1 bytes before it belong to no tensor"},
    {"hole",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
     R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
     4, "b", "2 bytes before it"},
    {"zero_size_inside_another",
     R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
     R"("z":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
     4, "z", "inside that of 'a'"},
    {"tail", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 3, "",
     "2 bytes after the last tensor"},
    {"tail_without_tensors", "{}", 1, "", "1 bytes after the last tensor"},
    {"truncated_data", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 15, "a",
     "ends at 16, but the file holds only 15 bytes"},
    {"no_data", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 0, "a", "only 0 bytes"},
    {"end_of_64_bits",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615]}})", 1, "a",
     "belong to no tensor"},
};
INSTANTIATE_TEST_SUITE_P(Offsets, SafetensorsRefuses, ::testing::ValuesIn(kOffsets),
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

const RefusedFile kRefusedFiles[] = {
    {"empty", "", "0 bytes, too few"},
    {"short", "1234567", "7 bytes, too few"},
    {"length_beyond_the_file", length_field(3) + "{}", "the file ends 2 bytes after"},
    {"length_beyond_the_cap", length_field(100'000'001) + "{}", "the format allows 100000000"},
    {"largest_length", length_field(UINT64_MAX) + "{}", "the format allows"},
    {"zeros_as_padding", length_field(4) + std::string("{}\0\0", 4), "more text"},
    {"length_zero", length_field(0), "ends too early"},
    {"git_lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"},
    {"text_of_a_link", "../_shared/43e3688df511.safetensors", "the text of a link"},
    {"pickle", std::string("PK\x03\x04\x00\x00\x08\x08\x00\x00", 10), "pickle"},
    {"web_page", "<!DOCTYPE html><html></html>", "web page"},
};
INSTANTIATE_TEST_SUITE_P(Files, SafetensorsRefusesFile, ::testing::ValuesIn(kRefusedFiles),
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

}  // namespace
}  // namespace tessera
