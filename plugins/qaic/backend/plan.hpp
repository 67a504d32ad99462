/// What a compilation will make and take, told beforehand.
#pragma once

#include <string>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// A JSON object: `specializations` (an object of symbols each), `num_cores`, `num_devices`, and in bytes for
/// each device `weight_bytes` and `kv_bytes`.
std::string plan_json(const graph::Model& model, const Settings& settings);

}  // namespace tessera::qaic
