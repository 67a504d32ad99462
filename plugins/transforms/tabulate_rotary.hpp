/// tabulate-rotary: looks cos and sin of rotary positions up in tables instead of computing them in each
/// step.
///
///   before   cos, sin = RotaryTable(positions, inv_freq)
///   after    cos = Gather(cos_table, positions), sin = Gather(sin_table, positions)   tables [rows, D/2]
///
/// For devices that compute in float16: there the angle, position * frequency, loses all digits that matter
/// beyond some hundred positions. Position -1 takes the last row, which nobody reads; a position >= rows is
/// an error of Gather, so the metadata's max_positions becomes `rows`.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class TabulateRotary : public sdk::Transform {
 public:
  std::string id() const override { return "tabulate-rotary"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "looks rotary cos and sin up in tables"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Leaves graphs without rotary positions as they are. Throws kNotSupported naming the scaling, 'dynamic'
  /// or 'longrope', whose values depend on more than the position; kInvalidArgument for rows beyond the
  /// model's positions.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
