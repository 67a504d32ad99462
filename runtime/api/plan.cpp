#include "tessera/plan.hpp"

#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"

namespace tessera {

CompilePlan compile_plan(std::string_view folder_or_id, const LoadOptions& load,
                         const CompileOptions& options) {
  const LoadedModel model(std::string(folder_or_id), load);
  const plugin::Backend& backend = model.registry().find_backend(options.backend);
  CompilePlan plan{options.backend, passes_for(model, options), {}};
  const std::string bytes =
      graph_for_backend(model, backend, plan.passes, run_passes(model, plan.passes, options));
  plan.json = backend
                  .plan({.model = bytes,
                         .base_dir = model.info().folder,
                         .weights = model.weights(),
                         .options = backend_options(backend, options),
                         .progress = {}})
                  .value_or("");
  return plan;
}

}  // namespace tessera
