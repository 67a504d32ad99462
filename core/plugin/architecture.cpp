#include "core/plugin/architecture.hpp"

#include "core/plugin/call.hpp"
#include "core/plugin/model_bytes.hpp"

namespace tessera::plugin {

std::vector<std::string> Architecture::model_types() const {
  std::vector<std::string> types;
  for (uint64_t i = 0; i < table_->model_type_count; ++i)
    types.emplace_back(sdk::view(table_->model_types[i]));
  return types;
}

sdk::Recognition Architecture::recognise(std::string_view config) const {
  const Doing doing{"recognising with architecture", id()};
  tsr_recognise_args args{};
  args.struct_size = sizeof(args);
  args.config = sdk::borrow(config);
  tsr_recognise_result result{};
  result.struct_size = sizeof(result);
  result.reason.struct_size = sizeof(result.reason);
  call(*plugin_, doing, [&] { return table_->recognise(plugin_->host.c(), &args, &result); });
  std::string reason = take_text(*plugin_, doing, result.reason);
  if (result.score < 0)
    throw misbehaves(*plugin_, doing, "it answers the score " + std::to_string(result.score));
  return {result.score, std::move(reason)};
}

std::string Architecture::build(const BuildRequest& request) const {
  const Doing doing{"building with architecture", id()};
  const std::vector<tsr_option> options = to_c(request.options);
  const ProgressBridge progress(request.progress);
  tsr_build_args args{};
  args.struct_size = sizeof(args);
  args.config = sdk::borrow(request.config);
  args.task = sdk::borrow(request.task);
  args.weights = request.weights;
  args.options = options.data();
  args.option_count = options.size();
  args.progress = progress.c();
  tsr_buffer model{};
  model.struct_size = sizeof(model);
  call(*plugin_, doing, [&] { return table_->build(plugin_->host.c(), &args, &model); });
  return take_model(*plugin_, doing, model);
}

}  // namespace tessera::plugin
