#include "sliding_window.hpp"

#include <fmt/format.h>

namespace tessera::exec {
namespace {

Dims or_filled(const Dims& given, size_t rank, int64_t value, const char* name) {
  Dims result = given.empty() ? Dims(rank, value) : given;
  if (result.size() != rank)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("'{}' {} does not fit {} spatial dimensions", name, given.text(), rank));
  return result;
}

}  // namespace

SlidingWindow SlidingWindow::from(const NodeSpec& node) {
  SlidingWindow window;
  window.kernel = node.get_ints("kernel_shape");
  window.strides = node.get_ints("strides");
  window.dilations = node.get_ints("dilations");
  window.pads = node.get_ints("pads");
  window.ceil_mode = node.get_int("ceil_mode", 0);
  std::string auto_pad = node.get_string("auto_pad", "NOTSET");
  if (auto_pad == "SAME_UPPER")
    window.auto_pad = AutoPad::kSameUpper;
  else if (auto_pad == "SAME_LOWER")
    window.auto_pad = AutoPad::kSameLower;
  else if (auto_pad == "VALID")
    window.auto_pad = AutoPad::kValid;
  else if (auto_pad != "NOTSET")
    node.fail(fmt::format("'auto_pad' is '{}'", auto_pad));
  for (const Dims* list : {&window.kernel, &window.strides, &window.dilations})
    for (int64_t value : *list)
      if (value < 1) node.fail("kernel_shape, strides and dilations must be positive");
  return window;
}

WindowPlacement::WindowPlacement(const SlidingWindow& window, const Dims& input, const Dims& kernel)
    : input(input), kernel(kernel), output(input) {
  size_t rank = input.size();
  strides = or_filled(window.strides, rank, 1, "strides");
  dilations = or_filled(window.dilations, rank, 1, "dilations");
  Dims pads = or_filled(window.pads, 2 * rank, 0, "pads");
  or_filled(kernel, rank, 1, "kernel_shape");
  pads_begin = pads.slice(0, rank);
  pads_end = pads.slice(rank, 2 * rank);
  for (size_t d = 0; d < rank; ++d) {
    int64_t extent = (kernel[d] - 1) * dilations[d] + 1;
    if (window.auto_pad == SlidingWindow::AutoPad::kNotSet) {
      int64_t room = input[d] + pads_begin[d] + pads_end[d] - extent;
      if (room < 0)
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("a window of {} does not fit {}", extent, input.text()));
      output[d] = (room + (window.ceil_mode ? strides[d] - 1 : 0)) / strides[d] + 1;
      // The last window must begin inside the input or its left padding.
      if (window.ceil_mode && (output[d] - 1) * strides[d] >= input[d] + pads_begin[d]) --output[d];
    } else if (window.auto_pad == SlidingWindow::AutoPad::kValid) {
      pads_begin[d] = pads_end[d] = 0;
      output[d] = input[d] < extent ? 0 : (input[d] - extent) / strides[d] + 1;
    } else {
      output[d] = (input[d] + strides[d] - 1) / strides[d];
      int64_t total = std::max<int64_t>((output[d] - 1) * strides[d] + extent - input[d], 0);
      bool upper = window.auto_pad == SlidingWindow::AutoPad::kSameUpper;
      pads_begin[d] = upper ? total / 2 : total - total / 2;
      pads_end[d] = total - pads_begin[d];
    }
  }
  kernel_size = kernel.product();
  output_size = output.product();
  input_size = input.product();
}

WindowPlacement::WindowPlacement(const Dims& input, const Dims& kernel, const Dims& strides,
                                 const Dims& dilations, const Dims& pads_begin, const Dims& output)
    : input(input),
      kernel(kernel),
      strides(strides),
      dilations(dilations),
      pads_begin(pads_begin),
      pads_end(input.size(), INT32_MAX),
      output(output),
      kernel_size(kernel.product()),
      output_size(output.product()),
      input_size(input.product()) {}

std::vector<int64_t> WindowPlacement::sources() const {
  std::vector<int64_t> table(static_cast<size_t>(Dims{kernel_size, output_size}.product()));
  Dims in_strides = row_major_strides(input);
  Dims k_strides = row_major_strides(kernel);
  Dims o_strides = row_major_strides(output);
  for (int64_t k = 0; k < kernel_size; ++k)
    for (int64_t o = 0; o < output_size; ++o) {
      int64_t offset = 0;
      for (size_t d = 0; d < input.size(); ++d) {
        int64_t at = o / o_strides[d] % output[d] * strides[d] + k / k_strides[d] % kernel[d] * dilations[d] -
                     pads_begin[d];
        if (at >= input[d] + pads_end[d]) offset = kOutside;
        if (offset != kOutside && (at < 0 || at >= input[d])) offset = kPadding;
        if (offset >= 0) offset += at * in_strides[d];
      }
      table[static_cast<size_t>(k * output_size + o)] = offset;
    }
  return table;
}

}  // namespace tessera::exec
