#include "onnx_case.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "ops/cast.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/read_model.hpp"

namespace tessera::exec {
namespace {

using graph::wire::MessageReader;

Value read_tensor(std::string_view bytes) {
  graph::Tensor tensor;
  graph::wire::read(MessageReader(bytes), tensor);
  return from_graph(tensor);
}

// SequenceProto: name 1, elem_type 2, tensor_values 3, ...
Value read_sequence(std::string_view bytes) {
  Sequence sequence;
  MessageReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 3) {
      graph::Tensor tensor;
      graph::wire::read(reader.message("tensor_values"), tensor);
      sequence.push_back(from_graph(tensor));
    } else {
      reader.skip();
    }
  }
  return Value(std::move(sequence));
}

// OptionalProto: name 1, elem_type 2, tensor_value 3, sparse_tensor_value 4, sequence_value 5, ...
Value read_optional(std::string_view bytes) {
  MessageReader reader(bytes);
  Value value;
  while (reader.next()) {
    if (reader.field() == 3) {
      value = read_tensor(reader.text("tensor_value"));
    } else if (reader.field() == 5) {
      value = read_sequence(reader.text("sequence_value"));
    } else {
      reader.skip();
    }
  }
  return value;
}

// TypeProto: tensor_type 1, sequence_type 4, optional_type 9. graph.hpp keeps all but tensors as bytes; the
// first byte is the field's tag.
Value read_value(const std::string& bytes, const graph::ValueInfo& info) {
  if (info.unknown_type.empty()) {
    Value value = read_tensor(bytes);
    // NumPy has no bfloat16, so ONNX 1.12 stores the bits under the name of uint16.
    if (info.dtype == DataType::kBfloat16 && value.tensor().dtype() == DataType::kUint16)
      return Tensor::borrow(info.dtype, value.tensor().dims(), value.tensor().bytes(),
                            std::make_shared<Tensor>(value.tensor()));
    return value;
  }
  return static_cast<unsigned char>(info.unknown_type[0]) >> 3 == 4 ? read_sequence(bytes)
                                                                    : read_optional(bytes);
}

std::vector<Value> read_values(const std::filesystem::path& folder, const char* kind,
                               const std::vector<graph::ValueInfo>& infos) {
  std::vector<Value> values;
  for (size_t i = 0; i < infos.size(); ++i) {
    std::filesystem::path file = folder / fmt::format("{}_{}.pb", kind, i);
    if (!std::filesystem::exists(file)) break;
    values.push_back(read_value(read_file(file), infos[i]));
  }
  return values;
}

std::string tensor_difference(const Tensor& actual, const Tensor& expected) {
  if (actual.dtype() != expected.dtype() || actual.dims() != expected.dims())
    return fmt::format("{} {} instead of {} {}", dtype_name(actual.dtype()), actual.dims().text(),
                       dtype_name(expected.dtype()), expected.dims().text());
  if (expected.dtype() == DataType::kString) {
    for (int64_t i = 0; i < expected.size(); ++i)
      if (actual.data<std::string>()[i] != expected.data<std::string>()[i])
        return fmt::format("element {} is '{}' instead of '{}'", i, actual.data<std::string>()[i],
                           expected.data<std::string>()[i]);
    return "";
  }
  Tensor a = cast(actual, DataType::kDouble, nullptr);
  Tensor e = cast(expected, DataType::kDouble, nullptr);
  for (int64_t i = 0; i < e.size(); ++i) {
    double found = a.data<double>()[i], wanted = e.data<double>()[i];
    if (found == wanted || (found != found && wanted != wanted)) continue;
    if (!(std::fabs(found - wanted) <= 1e-7 + 1e-3 * std::fabs(wanted)))
      return fmt::format("element {} is {} instead of {}", i, found, wanted);
  }
  return "";
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, fmt::format("cannot read '{}'", path.string()));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

DataSet read_data_set(const std::filesystem::path& folder, const graph::Graph& graph) {
  return {read_values(folder, "input", graph.inputs), read_values(folder, "output", graph.outputs)};
}

std::string difference(const Value& actual, const Value& expected) {
  if (expected.is_tensor())
    return actual.is_tensor() ? tensor_difference(actual.tensor(), expected.tensor()) : "no tensor";
  if (!expected.is_sequence()) return actual.has_value() ? "a value instead of none" : "";
  if (!actual.is_sequence()) return "no sequence";
  const Sequence& found = actual.sequence();
  const Sequence& wanted = expected.sequence();
  if (found.size() != wanted.size())
    return fmt::format("{} elements instead of {}", found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::string text = tensor_difference(found[i], wanted[i]);
    if (!text.empty()) return fmt::format("in tensor {} of the sequence: {}", i, text);
  }
  return "";
}

}  // namespace tessera::exec
