/// What a compilation would make and take, before anything is built.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/model.hpp"

namespace tessera {

struct CompilePlan {
  std::string backend;
  std::vector<Pass> passes;  ///< that the graph goes through
  std::string json;          ///< what the backend tells, an object; empty: it tells nothing
};

/// Loads the model's headers, runs the passes and asks the backend; compiles nothing. Throws Error for what
/// the backend would refuse.
CompilePlan compile_plan(std::string_view folder_or_id, const LoadOptions& load,
                         const CompileOptions& options);

}  // namespace tessera
