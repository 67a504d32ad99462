/// The geometry that convolutions and poolings share: a kernel that slides over the spatial dimensions.
#pragma once

#include <string>
#include <vector>

#include "../kernel.hpp"

namespace tessera::exec {

/// The attributes kernel_shape, strides, dilations, pads and auto_pad of a node.
struct SlidingWindow {
  enum class AutoPad { kNotSet, kSameUpper, kSameLower, kValid };

  Dims kernel;                    ///< empty: takes the weight's
  Dims strides, dilations, pads;  ///< empty: ones, ones, zeros; `pads` holds all begins, then all ends
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;

  static SlidingWindow from(const NodeSpec& node);
};

/// A window over an input of given size: where each output position looks.
struct WindowPlacement {
  /// Throws kInvalidArgument when the attributes do not fit `input` (spatial dimensions only).
  WindowPlacement(const SlidingWindow& window, const Dims& input, const Dims& kernel);
  /// With the output size given (a transposed convolution seen from its result).
  WindowPlacement(const Dims& input, const Dims& kernel, const Dims& strides, const Dims& dilations,
                  const Dims& pads_begin, const Dims& output);

  static constexpr int64_t kPadding = -1;  ///< the position lies in the padding
  static constexpr int64_t kOutside = -2;  ///< beyond the padding (ceil_mode)

  Dims input, kernel, strides, dilations, pads_begin, pads_end, output;
  int64_t kernel_size = 0, output_size = 0, input_size = 0;

  /// [kernel_size, output_size]: the offset in the input that kernel element k reads at output position o, or
  /// one of the constants above.
  std::vector<int64_t> sources() const;
};

}  // namespace tessera::exec
