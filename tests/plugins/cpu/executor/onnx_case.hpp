/// ONNX's own operator tests, as Debian's libonnx-testdata installs them: a folder a case, with model.onnx
/// and test_data_set_*/{input,output}_*.pb.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plan.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::exec {

struct DataSet {
  std::vector<Value> inputs, outputs;
};

/// Reads a file whole; throws kNotFound.
std::string read_file(const std::filesystem::path& path);
/// The inputs and outputs of one test_data_set folder, typed as the graph declares: tensors, sequences,
/// optionals.
DataSet read_data_set(const std::filesystem::path& folder, const graph::Graph& graph);

/// "" when equal within the tolerance of ONNX's own runner (relative 1e-3, absolute 1e-7; both plus what a
/// half type resolves), else what differs.
std::string difference(const Value& actual, const Value& expected);

}  // namespace tessera::exec
