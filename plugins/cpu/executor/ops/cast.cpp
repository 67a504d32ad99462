#include "cast.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "standard.hpp"

namespace tessera::exec {
namespace {

// Reads element i of perhaps unaligned memory.
template <class T>
T load(const std::byte* bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

/// By its bits: a comparison takes a subnormal for 0 where threads treat denormals as zero.
template <class T>
bool is_zero(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(value) << 1 == 0;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(value) << 1 == 0;
  } else {
    return value == T(0);
  }
}

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, Bool>) {
    return Bool(!is_zero(value));
  } else if constexpr (std::is_same_v<From, Bool>) {
    return To(static_cast<float>(static_cast<bool>(value)));
  } else if constexpr (std::is_same_v<To, Float16> || std::is_same_v<To, BFloat16>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // A conversion out of range is undefined in C++. 2^63 and the like are exact in floating point, max() is
    // not.
    constexpr To kHalf = std::numeric_limits<To>::max() / 2 + 1;
    constexpr From kEnd = static_cast<From>(kHalf) * 2;
    if (value != value) return 0;
    if (value >= kEnd) return std::numeric_limits<To>::max();
    if (value <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <class From, class To>
void convert_all(const Tensor& x, Tensor& y) {
  const std::byte* from = x.bytes();
  To* to = y.mutable_data<To>();
  for (int64_t i = 0; i < x.size(); ++i) {
    if constexpr (std::is_same_v<From, Float16> || std::is_same_v<From, BFloat16>) {
      to[i] = convert<To>(static_cast<float>(load<From>(from, i)));
    } else {
      to[i] = convert<To>(load<From>(from, i));
    }
  }
}

template <class F>
void dispatch_castable(DataType dtype, F&& f) {
  dispatch<float, double, int64_t, int32_t, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t, Bool,
           Float16, BFloat16>(dtype, f);
}

std::string number_text(double value, bool narrow) {
  if (value != value) return "NaN";
  if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  return narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
}

template <class From>
std::string text_of(From value) {
  if constexpr (std::is_same_v<From, Bool>) {
    return value ? "True" : "False";
  } else if constexpr (std::is_integral_v<From>) {
    return fmt::format("{}", value);
  } else {
    return number_text(static_cast<double>(value), !std::is_same_v<From, double>);
  }
}

template <class To>
To number_of(const std::string& text) {
  std::string_view body = text;
  if (!body.empty() && body[0] == '+') body.remove_prefix(1);
  const char* end = body.data() + body.size();
  // Integers are read as such: a double has no room for all of int64.
  using Read = std::conditional_t<std::is_integral_v<To>, To, double>;
  Read value{};
  std::from_chars_result read =
      std::from_chars(body.data(), end, value);  // knows "inf" and "nan" in any case
  if (read.ec != std::errc() || read.ptr != end)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is no number of the type wanted", text));
  return convert<To>(value);
}

void cast_to_strings(const Tensor& x, Tensor& y) {
  std::string* out = y.mutable_data<std::string>();
  dispatch_castable(x.dtype(), [&](auto type) {
    for (int64_t i = 0; i < x.size(); ++i) out[i] = text_of(load<decltype(type)>(x.bytes(), i));
  });
}

void cast_from_strings(const Tensor& x, Tensor& y) {
  const std::string* in = x.data<std::string>();
  dispatch_castable(y.dtype(), [&](auto type) {
    using To = decltype(type);
    To* out = y.mutable_data<To>();
    for (int64_t i = 0; i < x.size(); ++i) out[i] = number_of<To>(in[i]);
  });
}

Kernel compile_cast(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  DataType to = static_cast<DataType>(node.get_int("to"));
  if (to != DataType::kString && element_size(to) == 0)
    node.fail(fmt::format("'to' is {}, no type", int(to)));
  return [to](Context& run) { run.set_output(0, cast(run.input(0), to, &run.pool())); };
}

Kernel compile_cast_like(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  node.accepts_unaligned(1);
  return [](Context& run) { run.set_output(0, cast(run.input(0), run.input(1).dtype(), &run.pool())); };
}

}  // namespace

Tensor cast(const Tensor& x, DataType to, BufferPool* pool) {
  if (x.dtype() == to) return x;
  Tensor y = Tensor::allocate(to, x.dims(), pool);
  if (to == DataType::kString) {
    cast_to_strings(x, y);
  } else if (x.dtype() == DataType::kString) {
    cast_from_strings(x, y);
  } else {
    dispatch_castable(x.dtype(), [&](auto from_type) {
      using From = decltype(from_type);
      dispatch_castable(to, [&](auto to_type) { convert_all<From, decltype(to_type)>(x, y); });
    });
  }
  return y;
}

Kernel widen_half(Kernel kernel) {
  return [kernel = std::move(kernel)](Context& run) {
    DataType half = DataType::kUndefined;
    for (size_t i = 0; i < run.input_count(); ++i) {
      const Value& value = run.value(i);
      if (!value.is_tensor() || !is_half(value.tensor().dtype())) continue;
      half = value.tensor().dtype();
      run.replace_input(i, cast(value.tensor(), DataType::kFloat, &run.pool()));
    }
    kernel(run);
    if (half == DataType::kUndefined) return;
    for (size_t i = 0; i < run.output_count(); ++i) {
      const Value& value = run.output_value(i);
      if (value.is_tensor() && value.tensor().dtype() == DataType::kFloat)
        run.set_output(i, cast(value.tensor(), half, &run.pool()));
    }
  };
}

void register_cast(KernelRegistry& registry) {
  registry.add("", "Cast", 6, compile_cast);
  registry.add("", "CastLike", 15, compile_cast_like);
}

}  // namespace tessera::exec
