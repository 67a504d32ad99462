/// What a compilation will make and take, told beforehand.
#pragma once

#include <string>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// A JSON object: `specializations` (a list; of each its `name` and symbols), `num_cores`, `num_devices`, and
/// `per_device` with `weight_bytes`, `kv_bytes` (the states of all slots) and `activation_bytes` (an estimate
/// for the largest specialization). MXFP6 weights count 6.25 bits, MXINT8 states 8.25 bits an element.
/// `cache` is the JSON of cached_program.hpp.
std::string plan_json(const graph::Model& model, const Settings& settings, const std::string& cache);

}  // namespace tessera::qaic
