/// Two tensors against each other, by the measure of tests/golden/README.md.
#pragma once

#include "tessera/model.hpp"
#include "tessera/verify.hpp"

namespace tessera {

/// Element by element; only the number of elements must agree, since a row of a step is [1, width] or
/// [width]. NaN beside a number, and another number of elements, is an infinite difference.
TensorDifference compare(const NamedTensor& found, const NamedTensor& expected);

/// Beyond `tolerance` of the expected range. Constant tensors have range 0: then only equal ones pass.
bool deviates(const TensorDifference& difference, double tolerance);

/// The fraction of rows of `expected` ([rows, vocab]) whose largest element stands where that of `found`
/// does.
double token_agreement(const NamedTensor& found, const NamedTensor& expected);

}  // namespace tessera
