#include "core/plugin/transform.hpp"

#include "core/plugin/call.hpp"
#include "core/plugin/model_bytes.hpp"

namespace tessera::plugin {

std::optional<std::string> Transform::apply(const TransformRequest& request) const {
  const Doing doing{"running pass", id()};
  const std::vector<tsr_option> options = to_c(request.options);
  const ProgressBridge progress(request.progress);
  tsr_transform_args args{};
  args.struct_size = sizeof(args);
  args.model = request.model.data();
  args.model_size = request.model.size();
  args.base_dir = sdk::borrow(request.base_dir);
  args.options = options.data();
  args.option_count = options.size();
  args.weights = request.weights;
  args.progress = progress.c();
  tsr_buffer out{};
  out.struct_size = sizeof(out);
  call(*plugin_, doing, [&] { return table_->apply(plugin_->host.c(), &args, &out); });
  if (out.data == nullptr && out.size == 0) {
    const sdk::Buffer nothing(out);  // even nothing may have to be released
    return std::nullopt;
  }
  return take_model(*plugin_, doing, out);
}

}  // namespace tessera::plugin
