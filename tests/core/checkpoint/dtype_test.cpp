#include "core/checkpoint/dtype.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(DType, NamesSizesAndOnnxNumbers) {
  struct Row {
    const char* name;
    uint64_t size;
    int32_t onnx;
  };
  for (const Row& row :
       {Row{"BOOL", 1, 9}, Row{"U8", 1, 2}, Row{"I8", 1, 3}, Row{"F8_E5M2", 1, 0}, Row{"F8_E4M3", 1, 0},
        Row{"I16", 2, 5}, Row{"U16", 2, 4}, Row{"F16", 2, 10}, Row{"BF16", 2, 16}, Row{"I32", 4, 6},
        Row{"U32", 4, 12}, Row{"F32", 4, 1}, Row{"F64", 8, 11}, Row{"I64", 8, 7}, Row{"U64", 8, 13}}) {
    SCOPED_TRACE(row.name);
    std::optional<DType> dtype = find_dtype(row.name);
    ASSERT_TRUE(dtype.has_value());
    EXPECT_EQ(dtype_name(*dtype), row.name);
    EXPECT_EQ(dtype_size(*dtype), row.size);
    EXPECT_EQ(static_cast<int32_t>(onnx_data_type(*dtype)), row.onnx);
    EXPECT_THAT(std::string(dtype_names()), ::testing::HasSubstr(row.name));
    EXPECT_EQ(dtype_from_onnx(onnx_data_type(*dtype)), row.onnx != 0 ? dtype : std::nullopt);
  }
}

TEST(DType, OtherNamesAndTypesAreUnknown) {
  for (const char* name : {"", "f32", "F32 ", "F4", "F8_E8M0", "C64", "FLOAT"})
    EXPECT_FALSE(find_dtype(name)) << name;
  EXPECT_FALSE(dtype_from_onnx(graph::DataType::kUndefined));
  EXPECT_FALSE(dtype_from_onnx(graph::DataType::kString));
}

}  // namespace
}  // namespace tessera
