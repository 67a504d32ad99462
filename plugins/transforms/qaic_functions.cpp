#include "qaic_functions.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::transforms {

using graph::Function;
using graph::int_attribute;
using graph::ints_attribute;
using graph::functions::Body;

namespace {

Function in_domain(Body body, std::string_view domain) {
  Function function = std::move(body).finish();
  function.domain = domain;
  return function;
}

/// Dimension `axis` of `of` as a vector of one element. Shape and Gather, as exporters write it.
std::string dimension(Body& b, const std::string& name, const std::string& of, int64_t axis) {
  return b.op(name, "Gather", {b.op(name + "_shape", "Shape", {of}), b.integers(name + "_axis", {axis})},
              {int_attribute("axis", 0)});
}

/// 0, 1, ... `count` - 1 with axes of length 1 put in. Range wants scalars.
std::string counted(Body& b, const std::string& name, const std::string& count,
                    const std::vector<int64_t>& axes) {
  const std::string limit = b.op(name + "_limit", "Squeeze", {count, b.integers(name + "_limit_axes", {0})});
  b.op(name + "_range", "Range", {b.integer(name + "_first", 0), limit, b.integer(name + "_step", 1)});
  return b.unsqueeze(name, name + "_range", axes);
}

/// The indices [B, G, N, 3] = (row, head, column) that Scatter and Gather share.
/// row [B,1,1,1], column [B or 1,1,N,1], `size` the [1] vector N
std::string indices(Body& b, const std::string& row, const std::string& rows, const std::string& column,
                    const std::string& size) {
  const std::string heads = dimension(b, "heads", "data", 1);
  b.op("shape", "Concat", {rows, heads, size, b.integers("one", {1})}, {int_attribute("axis", 0)});
  const std::string head = counted(b, "head", heads, {0, 2, 3});
  return b.op("indices", "Concat",
              {b.op("row_indices", "Expand", {row, "shape"}), b.op("head_indices", "Expand", {head, "shape"}),
               b.op("column_indices", "Expand", {column, "shape"})},
              {int_attribute("axis", 3)});
}

Function finish_scatter(Body b, const std::string& row, const std::string& rows) {
  const std::string positions = b.unsqueeze("column", "position_ids", {1, 3});
  const std::string all = indices(b, row, rows, positions, dimension(b, "positions", "position_ids", 1));
  b.op("y", "ScatterND", {"data", all, "updates"});
  return in_domain(std::move(b), kCloudDomain);
}

}  // namespace

Function ctx_scatter() {
  Body b("CtxScatter", {"data", "position_ids", "updates"}, {"y"}, {},
         "y = data, but y[b, g, position_ids[b, s]] = updates[b, g, s]");
  const std::string rows = dimension(b, "rows", "data", 0);
  const std::string row = counted(b, "row", rows, {1, 2, 3});
  return finish_scatter(std::move(b), row, rows);
}

Function ctx_scatter_cb() {
  Body b("CtxScatterCB", {"data", "batch_index", "position_ids", "updates"}, {"y"}, {},
         "y = data, but y[batch_index[b], g, position_ids[b, s]] = updates[b, g, s]");
  const std::string rows = dimension(b, "rows", "batch_index", 0);
  const std::string row = b.unsqueeze("row", "batch_index", {2, 3});
  return finish_scatter(std::move(b), row, rows);
}

Function ctx_gather() {
  Body b("CtxGather", {"data", "ctx_indices", "comp_ctx_len"}, {"y"}, {},
         "y[b, g, c] = data[b, g, ctx_indices[b, 0, c]]");
  b.op("length", "Reshape", {"comp_ctx_len", b.integers("vector", {1})});
  b.op("shape", "Concat", {dimension(b, "rows", "data", 0), dimension(b, "heads", "data", 1), "length"},
       {int_attribute("axis", 0)});
  b.unsqueeze("columns", b.op("expanded", "Expand", {"ctx_indices", "shape"}), {3});
  b.op("y", "GatherND", {"data", "columns"}, {int_attribute("batch_dims", 2)});
  return in_domain(std::move(b), kCloudDomain);
}

Function ctx_gather_cb() {
  Body b("CtxGatherCB", {"data", "batch_index", "ctx_indices", "comp_ctx_len"}, {"y"}, {},
         "y[b, g, c] = data[batch_index[b], g, ctx_indices[b, 0, c]]");
  const std::string rows = dimension(b, "rows", "batch_index", 0);
  const std::string row = b.unsqueeze("row", "batch_index", {2, 3});
  const std::string column = b.unsqueeze("column", "ctx_indices", {3});
  b.op("y", "GatherND", {"data", indices(b, row, rows, column, dimension(b, "length", "ctx_indices", 2))});
  return in_domain(std::move(b), kCloudDomain);
}

Function custom_rms_norm() {
  Body b("CustomRMSNorm", {"hidden_states", "weight"}, {"y"}, {"epsilon"},
         "y = hidden_states / sqrt(mean(hidden_states^2) + epsilon) * float(weight)");
  b.op("square", "Mul", {"hidden_states", "hidden_states"});
  b.op("mean_square", "ReduceMean", {"square"}, {ints_attribute("axes", {-1}), int_attribute("keepdims", 1)});
  b.op("shifted", "Add", {"mean_square", b.float_of_call("epsilon")});
  b.op("inverse", "Reciprocal", {b.op("root", "Sqrt", {"shifted"})});
  b.op("normed", "Mul", {"hidden_states", "inverse"});
  b.op("y", "Mul", {"normed", b.to_float("weight_float", "weight")});
  return in_domain(std::move(b), kAiswDomain);
}

bool is_qaic_function(std::string_view domain, std::string_view name) {
  if (domain == kAiswDomain) return name == "CustomRMSNorm";
  return domain == kCloudDomain &&
         (name == "CtxScatter" || name == "CtxScatterCB" || name == "CtxGather" || name == "CtxGatherCB");
}

}  // namespace tessera::transforms
