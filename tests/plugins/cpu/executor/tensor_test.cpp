#include "tensor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tessera::exec {
namespace {

TEST(Tensor, CopiesShareMemoryAndOnlyTheLastOwnerMayWrite) {
  Tensor a = Tensor::of<float>({2}, {1, 2});
  a.mutable_data<float>()[0] = 3;
  Tensor b = a;
  EXPECT_EQ(b.data<float>(), a.data<float>());
  EXPECT_THROW(b.mutable_data<float>(), Error);
  a = Tensor();
  EXPECT_NO_THROW(b.mutable_data<float>());
}

TEST(Tensor, ReadingAsAnotherTypeIsAnError) {
  Tensor a = Tensor::of<float>({2}, {1, 2});
  EXPECT_THROW(a.data<int32_t>(), Error);
}

TEST(Tensor, AnUnalignedViewIsReadByBytesOrCopied) {
  alignas(8) char bytes[13] = {};
  float values[3] = {1.5f, 2.5f, 3.5f};
  std::memcpy(bytes + 1, values, sizeof(values));
  Tensor view = Tensor::borrow(DataType::kFloat, {3}, bytes + 1);
  EXPECT_FALSE(view.is_aligned());
  EXPECT_THROW(view.data<float>(), Error);
  EXPECT_EQ(view.bytes(), reinterpret_cast<std::byte*>(bytes + 1));
  EXPECT_EQ(view.aligned().data<float>()[2], 3.5f);
  EXPECT_THROW(view.mutable_bytes(), Error);
}

TEST(Tensor, WritableViewsAreWrittenInPlace) {
  float cache[4] = {};
  Tensor view = Tensor::borrow_writable(DataType::kFloat, {4}, cache);
  Tensor other = view;
  other.mutable_data<float>()[1] = 7;
  EXPECT_EQ(cache[1], 7);
}

TEST(Tensor, ImpossibleShapesAreErrors) {
  EXPECT_THROW(Tensor::allocate(DataType::kFloat, {-1}), Error);
  EXPECT_THROW(Tensor::allocate(DataType::kFloat, {int64_t{1} << 40, int64_t{1} << 40}), Error);
  EXPECT_THROW(Tensor::allocate(DataType::kFloat, {int64_t{1} << 62}), Error);
  EXPECT_EQ(Tensor::allocate(DataType::kFloat, {0, int64_t{1} << 40, int64_t{1} << 40}).size(), 0);
  EXPECT_THROW(Dims(17, 1), Error);
}

TEST(Tensor, BytesMustFillTheDimensions) {
  graph::Tensor stored = to_graph(Tensor::of<int64_t>({2}, {5, 6}), "t");
  EXPECT_EQ(from_graph(stored).data<int64_t>()[1], 6);
  stored.raw_data.pop_back();
  EXPECT_THROW(from_graph(stored), Error);
}

TEST(Float16, RoundTripsEveryValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    Float16 half;
    half.bits = static_cast<uint16_t>(bits);
    float wide = half;
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(Float16(wide))));
    } else {
      EXPECT_EQ(Float16(wide).bits, bits);
    }
  }
}

TEST(Float16, RoundsToNearestEven) {
  EXPECT_EQ(Float16(1.0f + 0x1p-11f).bits, 0x3c00);  // a tie goes to the even mantissa
  EXPECT_EQ(Float16(1.0f + 0x1p-11f + 0x1p-20f).bits, 0x3c01);
  EXPECT_EQ(Float16(1.0f + 3 * 0x1p-11f).bits, 0x3c02);
  EXPECT_EQ(Float16(65519.0f).bits, 0x7bff);
  EXPECT_EQ(Float16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(Float16(0x1p-25f).bits, 0);
  EXPECT_EQ(Float16(0x1.8p-25f).bits, 1);
  EXPECT_EQ(Float16(-0.0f).bits, 0x8000);
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(BFloat16(1.0f + 0x1p-8f).bits, 0x3f80);
  EXPECT_EQ(BFloat16(1.0f + 3 * 0x1p-8f).bits, 0x3f82);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::nanf("")))));
}

TEST(BufferPool, ReusesMemoryAndOutlivesItsOwner) {
  std::shared_ptr<BufferPool> pool = BufferPool::create();
  Tensor a = Tensor::allocate(DataType::kFloat, {1000}, pool.get());
  const std::byte* first = a.bytes();
  a = Tensor();
  EXPECT_GT(pool->bytes_idle(), 0u);
  Tensor b = Tensor::allocate(DataType::kFloat, {1000}, pool.get());
  EXPECT_EQ(b.bytes(), first);
  EXPECT_EQ(pool->bytes_idle(), 0u);
  pool.reset();
  b.mutable_data<float>()[999] = 1;
}

TEST(BufferPool, FreesWhatLiesIdleWhenSizesChange) {
  std::shared_ptr<BufferPool> pool = BufferPool::create();
  for (int64_t size = 1000; size < 100000; size += size / 3)
    Tensor::allocate(DataType::kFloat, {size}, pool.get());
  EXPECT_LT(pool->bytes_idle(), 3u * 4 * 100000);
}

}  // namespace
}  // namespace tessera::exec
