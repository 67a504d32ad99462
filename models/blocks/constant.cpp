#include "models/blocks/constant.hpp"

#include "tessera/sdk/tensor.hpp"

namespace tessera::blocks {

graph::Value constant(ModelBuilder& b, std::string_view name, int64_t value) {
  return b.graph.op(name, "Constant", {},
                    {graph::tensor_attribute("value", graph::int64_tensor("", {}, {value}))},
                    graph::DataType::kInt64, {});
}

}  // namespace tessera::blocks
