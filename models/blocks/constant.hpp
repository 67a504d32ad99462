/// Numbers that stand in the graph itself.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

/// A scalar int64.
graph::Value constant(ModelBuilder& b, std::string_view name, int64_t value);

}  // namespace tessera::blocks
