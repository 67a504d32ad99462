/// What the parts of device-sampler share: sizes of the graph and short ways to write its nodes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "node_writer.hpp"

namespace tessera::transforms {

struct SamplerShapes {
  graph::Dimension batch, seq;
  graph::Dimension buffer_rows;  ///< slots, or batch
  int64_t vocab = 0;
  int64_t candidates = 0;  ///< max_top_k_ids
  bool slots = false;      ///< rows name their buffer row by batch_index
  bool bitmask = false;    ///< there is the input token_bitmasks

  Shape column() const { return {batch, graph::fixed_dim(1)}; }
  Shape tokens() const { return {batch, seq}; }
  Shape vocabulary() const { return {batch, graph::fixed_dim(vocab)}; }
  Shape candidate_row() const { return {batch, graph::fixed_dim(candidates)}; }
  Shape buffer() const { return {buffer_rows, graph::fixed_dim(vocab)}; }
};

/// Names of inputs and outputs, as Efficient Transformers has them.
namespace sampler {
inline constexpr const char* kInputIds = "input_ids";
inline constexpr const char* kAcceptedTokens = "last_accepted_output_tokens";
inline constexpr const char* kRepetitionBuffer = "past_repetition_penalty_buffer";
inline constexpr const char* kRepetitionPenalties = "repetition_penalties";
inline constexpr const char* kPresenceBuffer = "past_presence_penalty_buffer";
inline constexpr const char* kPresencePenalties = "presence_penalties";
inline constexpr const char* kTemperatures = "temperatures";
inline constexpr const char* kTopKs = "top_ks";
inline constexpr const char* kTopPs = "top_ps";
inline constexpr const char* kMinPs = "min_ps";
inline constexpr const char* kRandomNumbers = "random_numbers";
inline constexpr const char* kBitmasks = "token_bitmasks";
inline constexpr const char* kNextTokens = "next_tokens";
}  // namespace sampler

/// NodeWriter with one short call for each type of the result.
class SamplerWriter : public NodeWriter {
 public:
  using NodeWriter::NodeWriter;
  using Names = std::vector<std::string>;
  using Attributes = std::vector<graph::Attribute>;

  std::string boolean(const char* name, const char* op_type, Names inputs, Shape shape, Attributes a = {}) {
    return op(name, op_type, std::move(inputs), std::move(a), graph::DataType::kBool, std::move(shape));
  }
  std::string real(const char* name, const char* op_type, Names inputs, Shape shape, Attributes a = {}) {
    return op(name, op_type, std::move(inputs), std::move(a), graph::DataType::kFloat, std::move(shape));
  }
  std::string whole(const char* name, const char* op_type, Names inputs, Shape shape, Attributes a = {}) {
    return op(name, op_type, std::move(inputs), std::move(a), graph::DataType::kInt64, std::move(shape));
  }
  std::string cast(const char* name, const std::string& value, graph::DataType to, Shape shape) {
    return op(name, "Cast", {value}, {graph::int_attribute("to", static_cast<int64_t>(to))}, to,
              std::move(shape));
  }
  static graph::Attribute axis(int64_t value) { return graph::int_attribute("axis", value); }
  static graph::Attribute keepdims(int64_t value) { return graph::int_attribute("keepdims", value); }
};

}  // namespace tessera::transforms
