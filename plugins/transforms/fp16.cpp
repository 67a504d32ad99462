#include "fp16.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "node_writer.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"
#include "weight_nodes.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Model;
using graph::Node;

namespace {

constexpr const char* kFp16Pass = "fp16";
constexpr float kLargestFloat16 = 65504;

DataType float_type(const std::string& text, const char* key) {
  for (const DataType type : {DataType::kFloat, DataType::kFloat16, DataType::kBfloat16}) {
    if (text == graph::dtype_name(type) || (type == DataType::kFloat && text == "float32")) return type;
  }
  throw Error(ErrorCode::kInvalidArgument, "fp16: '" + text + "' is no floating type")
      .key(key)
      .remedy("one of: bfloat16, float16, float32");
}

struct Wish {
  std::vector<DataType> from;
  DataType to;
  bool saturate;
};

Wish wish_of(const sdk::TransformArgs& args) {
  Wish wish{{}, float_type(args.options.text("to"), "to"), args.options.flag("saturate")};
  if (wish.to == DataType::kBfloat16) {
    throw Error(ErrorCode::kInvalidArgument, "fp16: weights do not become bfloat16")
        .key("to")
        .remedy("one of: float16, float32");
  }
  for (const std::string& text : args.options.texts("from")) {
    wish.from.push_back(float_type(text, "from"));
    if (wish.from.back() != wish.to) continue;
    throw Error(ErrorCode::kInvalidArgument, "fp16: 'from' and 'to' are the same type").key("from");
  }
  return wish;
}

/// Functions of domain `tessera` take weights of any floating type, and Cast does; other operators want the
/// type that they were given.
void check_reader(const Node& node, const std::string& weight) {
  const bool any_type =
      node.domain == graph::kTesseraDomain || node.op_type == "Cast" || graph::is_weight_node(node);
  if (any_type) return;
  throw Error(ErrorCode::kNotSupported,
              "fp16: '" + graph::qualified_op(node) + "' takes the weight '" + weight + "' in its own type")
      .node(graph::describe(node))
      .remedy("run 'fp16' before 'inline-functions'");
}

/// Adds the nodes of one weight after the other.
class Conversion {
 public:
  Conversion(WeightNodes& nodes, const Wish& wish) : nodes_(nodes), wish_(wish) {
    if (!saturates()) return;
    low_ = nodes.add_inside(graph::float_tensor("fp16/lowest", {}, {-kLargestFloat16}));
    high_ = nodes.add_inside(graph::float_tensor("fp16/largest", {}, {kLargestFloat16}));
  }

  void convert(const WeightNodes::End& weight) {
    std::string value = weight.value;
    if (saturates()) {
      if (weight.dtype != DataType::kFloat) value = cast(value, "float", DataType::kFloat, weight.dims);
      value = nodes_.add(value, "clip", "Clip", {low_, high_}, {}, DataType::kFloat, weight.dims);
    }
    nodes_.replace(weight.value, cast(value, "cast", wish_.to, weight.dims));
  }

 private:
  bool saturates() const { return wish_.saturate && wish_.to == DataType::kFloat16; }

  std::string cast(const std::string& value, const char* step, DataType to,
                   const std::vector<int64_t>& dims) {
    return nodes_.add(value, step, "Cast", {}, {graph::int_attribute("to", static_cast<int64_t>(to))}, to,
                      dims);
  }

  WeightNodes& nodes_;
  const Wish& wish_;
  std::string low_, high_;
};

}  // namespace

std::vector<sdk::OptionInfo> Fp16::options() const {
  return {{"to", sdk::ValueType::kText, "float16", "type that the weights become: float16 or float32"},
          {"from", sdk::ValueType::kTextList, "bfloat16", "types of weights that change"},
          {"saturate", sdk::ValueType::kBool, "true",
           "what float16 cannot hold becomes its largest value, not infinite"}};
}

bool Fp16::apply(Model& model, const sdk::TransformArgs& args) const {
  const Wish wish = wish_of(args);
  WeightNodes nodes(model, kFp16Pass);
  std::vector<WeightNodes::End> weights = nodes.ends();
  weights.erase(std::remove_if(weights.begin(), weights.end(),
                               [&](const WeightNodes::End& weight) {
                                 return std::count(wish.from.begin(), wish.from.end(), weight.dtype) == 0;
                               }),
                weights.end());
  if (weights.empty()) return false;
  const graph::ValueIndex index(model.graph);
  Conversion conversion(nodes, wish);
  for (const WeightNodes::End& weight : weights) {
    for (const size_t reader : index.consumers(weight.value))
      check_reader(model.graph.nodes[reader], weight.weight);
    conversion.convert(weight);
  }
  nodes.finish();
  return true;
}

}  // namespace tessera::transforms
