#include "ctx_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ops.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Dims;
using exec::Tensor;

constexpr std::string_view kCloudDomain = "com.qualcomm.cloud";
constexpr int64_t kNoRow = 2147483647;

void expect_rank(const Tensor& tensor, int64_t rank, const char* input) {
  if (tensor.rank() == rank) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} has shape {}, expected {} dimensions", input, tensor.dims().text(), rank));
}

/// Where data[row, head, column] starts, in elements of one column.
struct Cache {
  int64_t rows, heads, columns;
  size_t column_bytes;

  explicit Cache(const Tensor& data) {
    expect_rank(data, 4, "data");
    rows = data.dim(0);
    heads = data.dim(1);
    columns = data.dim(2);
    column_bytes = static_cast<size_t>(data.dim(3)) * graph::element_size(data.dtype());
  }
  size_t offset(int64_t row, int64_t head, int64_t column) const {
    return static_cast<size_t>((row * heads + head) * columns + column) * column_bytes;
  }
};

/// The cache row of row b: b itself, or what batch_index says.
int64_t cache_row(const Cache& cache, const Tensor* batch_index, int64_t b) {
  int64_t row = batch_index == nullptr ? b : batch_index->data<int64_t>()[b];
  if (row == -1 && batch_index != nullptr) row = cache.rows - 1;
  if (row >= 0 && row < cache.rows) return row;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("row {}: batch_index {} is not in [0, {})", b, row, cache.rows))
      .key("batch_index");
}

const Tensor* batch_index_of(Context& run, bool slots) {
  if (!slots) return nullptr;
  expect_rank(run.input(1), 2, "batch_index");
  expect_last(run.input(1), 1, "batch_index");
  return &run.input(1);
}

struct CtxScatterNode {
  bool slots;

  void operator()(Context& run) const {
    const Tensor* batch_index = batch_index_of(run, slots);
    const Tensor &positions = run.input(slots ? 2 : 1), &updates = run.input(slots ? 3 : 2);
    expect_rank(positions, 2, "position_ids");
    const Cache cache(run.input(0));
    check_updates(run.input(0), positions, updates, batch_index);
    Tensor data = run.own_input(0);
    for (int64_t b = 0; b < positions.dim(0); ++b) write_row(cache, batch_index, b, positions, updates, data);
    run.set_output(0, std::move(data));
  }

  void check_updates(const Tensor& data, const Tensor& positions, const Tensor& updates,
                     const Tensor* batch_index) const {
    const Dims expected = {positions.dim(0), data.dim(1), positions.dim(1), data.dim(3)};
    const int64_t rows = batch_index == nullptr ? data.dim(0) : batch_index->dim(0);
    if (updates.dims() == expected && updates.dtype() == data.dtype() && rows == positions.dim(0)) return;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("updates of shape {} do not fit data of shape {} and positions of shape {}",
                            updates.dims().text(), data.dims().text(), positions.dims().text()));
  }

  static void write_row(const Cache& cache, const Tensor* batch_index, int64_t b, const Tensor& positions,
                        const Tensor& updates, Tensor& data) {
    const int64_t length = positions.dim(1);
    const int64_t* row_positions = positions.data<int64_t>() + b * length;
    for (int64_t s = 0; s < length; ++s) {
      const int64_t position = row_positions[s];
      if (position < 0 || position == kNoRow) continue;
      if (position >= cache.columns) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("row {}: position {} is beyond the {} positions of the state", b, position,
                                cache.columns))
            .key("position_ids");
      }
      const int64_t row = cache_row(cache, batch_index, b);
      for (int64_t head = 0; head < cache.heads; ++head) {
        const size_t from = static_cast<size_t>((b * cache.heads + head) * length + s) * cache.column_bytes;
        std::memcpy(data.mutable_bytes() + cache.offset(row, head, position), updates.bytes() + from,
                    cache.column_bytes);
      }
    }
  }
};

struct CtxGatherNode {
  bool slots;

  void operator()(Context& run) const {
    const Tensor& data = run.input(0);
    const Tensor* batch_index = batch_index_of(run, slots);
    const Tensor& indices = run.input(slots ? 2 : 1);
    expect_rank(indices, 3, "ctx_indices");
    const Cache cache(data);
    const int64_t rows = slots ? batch_index->dim(0) : cache.rows, length = indices.dim(2);
    if (indices.dim(1) != 1 || (indices.dim(0) != 1 && indices.dim(0) != rows)) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("ctx_indices have shape {}, expected [{}, 1, any]",
                                                           indices.dims().text(), rows));
    }
    Tensor& y = run.output(0, data.dtype(), {rows, cache.heads, length, data.dim(3)});
    std::byte* to = y.mutable_bytes();
    for (int64_t b = 0; b < rows; ++b) {
      const int64_t* columns = indices.data<int64_t>() + (indices.dim(0) == 1 ? 0 : b * length);
      const int64_t row = cache_row(cache, batch_index, b);
      for (int64_t head = 0; head < cache.heads; ++head) {
        for (int64_t i = 0; i < length; ++i, to += cache.column_bytes)
          read_column(cache, data, row, head, columns[i], to);
      }
    }
  }

  static void read_column(const Cache& cache, const Tensor& data, int64_t row, int64_t head, int64_t column,
                          std::byte* to) {
    if (column == kNoRow) {
      std::memset(to, 0, cache.column_bytes);
      return;
    }
    if (column < 0 || column >= cache.columns) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("ctx_indices hold {}, the state has {} positions", column, cache.columns));
    }
    std::memcpy(to, data.bytes() + cache.offset(row, head, column), cache.column_bytes);
  }
};

template <class Node, bool kSlots, size_t kInputs>
exec::Kernel compile_ctx(exec::NodeSpec& node) {
  node.expect_inputs(kInputs, kInputs);
  return Node{kSlots};
}

}  // namespace

bool is_ctx_function(std::string_view domain, std::string_view name) {
  if (domain == "com.qti.aisw.onnx") return name == "CustomRMSNorm";
  const std::vector<std::string>& names = ctx_function_names();
  return domain == kCloudDomain && name != "CustomRMSNorm" &&
         std::find(names.begin(), names.end(), name) != names.end();
}

const std::vector<std::string>& ctx_function_names() {
  static const std::vector<std::string> kNames = {"CtxGather", "CtxGatherCB", "CtxScatter", "CtxScatterCB",
                                                  "CustomRMSNorm"};
  return kNames;
}

void add_ctx_cache(exec::KernelRegistry& registry) {
  registry.add(kCloudDomain, "CtxScatter", 1, compile_ctx<CtxScatterNode, false, 3>);
  registry.add(kCloudDomain, "CtxScatterCB", 1, compile_ctx<CtxScatterNode, true, 4>);
  registry.add(kCloudDomain, "CtxGather", 1, compile_ctx<CtxGatherNode, false, 3>);
  registry.add(kCloudDomain, "CtxGatherCB", 1, compile_ctx<CtxGatherNode, true, 4>);
}

}  // namespace tessera::cpu
