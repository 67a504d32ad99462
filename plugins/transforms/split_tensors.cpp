#include "split_tensors.hpp"

#include <string>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::transforms {

std::vector<sdk::OptionInfo> SplitTensors::options() const {
  return {{"tensor-bytes", sdk::ValueType::kInt64, "1024", "tensors of so many bytes or more move"},
          {"file-bytes", sdk::ValueType::kInt64, "10737418240",
           "bytes of a side file at most; a larger tensor has one of its own"}};
}

bool SplitTensors::apply(graph::Model& model, const sdk::TransformArgs& args) const {
  const int64_t tensor_bytes = args.options.integer("tensor-bytes");
  const int64_t file_bytes = args.options.integer("file-bytes");
  if (tensor_bytes < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "split-tensors: tensors of " + std::to_string(tensor_bytes) + " bytes")
        .key("tensor-bytes")
        .remedy("give 1 or more");
  }
  if (file_bytes < tensor_bytes) {
    throw Error(ErrorCode::kInvalidArgument, "split-tensors: files of " + std::to_string(file_bytes) +
                                                 " bytes for tensors of " + std::to_string(tensor_bytes))
        .key("file-bytes")
        .remedy("give file-bytes more room than tensor-bytes");
  }
  graph::set_metadata(model, graph::kSplitTensors,
                      std::to_string(tensor_bytes) + " " + std::to_string(file_bytes));
  return true;
}

}  // namespace tessera::transforms
