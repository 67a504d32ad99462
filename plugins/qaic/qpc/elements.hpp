/// Elements on their way between a caller, a binding and a graph, which may have different types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "io_data_type.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// The nearest binary16, ties to even; what is too large becomes infinite, a NaN stays one.
uint16_t half_from_float(float value);
float float_from_half(uint16_t bits);

/// The binding's type for a tensor of a graph, as the compiler chooses it without a custom I/O list; nullopt
/// for a type that no binding has.
std::optional<IoDataType> io_data_type_of(graph::DataType dtype);

/// The graph's type for elements of a binding; nullopt for quantized and unknown ones.
std::optional<graph::DataType> dtype_of(IoDataType type);

/// True when `convert_elements` knows the way: equal types, float and float16, int64 and int32, bool and
/// int8.
bool can_convert(graph::DataType from, graph::DataType to);

/// Converts `count` elements. Neither side needs to be aligned; they do not overlap. Throws kInternal for a
/// pair that `can_convert` denies, kInvalidArgument for an int64 that has no room in int32.
void convert_elements(graph::DataType from, const void* source, graph::DataType to, void* target,
                      size_t count);

}  // namespace tessera::qaic
