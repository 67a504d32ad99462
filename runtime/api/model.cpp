#include "tessera/model.hpp"

#include "core/graph/print.hpp"
#include "runtime/api/model_impl.hpp"
#include "runtime/model/export.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {

AutoModelForCausalLM::AutoModelForCausalLM(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AutoModelForCausalLM::AutoModelForCausalLM(AutoModelForCausalLM&&) noexcept = default;
AutoModelForCausalLM& AutoModelForCausalLM::operator=(AutoModelForCausalLM&&) noexcept = default;
AutoModelForCausalLM::~AutoModelForCausalLM() = default;

AutoModelForCausalLM AutoModelForCausalLM::from_pretrained(std::string_view folder_or_id,
                                                           const LoadOptions& options) {
  return AutoModelForCausalLM(std::make_unique<Impl>(folder_or_id, options));
}

void AutoModelForCausalLM::compile(const CompileOptions& options) {
  impl_->current_serving.reset();
  impl_->current_session.reset();
  impl_->compiled.reset();
  impl_->options = options;
  impl_->compiled.emplace(impl_->loaded, options);
}

std::vector<std::string> AutoModelForCausalLM::export_onnx(const std::string& folder, bool copy_weights,
                                                           const CompileOptions& options) {
  return export_model_folder(impl_->loaded, folder, copy_weights, options);
}

const ModelInfo& AutoModelForCausalLM::info() const {
  return impl_->loaded.info();
}

const CompileInfo& AutoModelForCausalLM::compile_info() const {
  return impl_->ensure_compiled().info();
}

const AutoTokenizer& AutoModelForCausalLM::tokenizer() const {
  if (const AutoTokenizer* tokenizer = impl_->loaded.tokenizer()) return *tokenizer;
  throw Error(ErrorCode::kNotFound, "the model folder has no tokenizer files").file(info().folder);
}

std::string AutoModelForCausalLM::graph_text(const std::vector<Pass>& passes) const {
  const std::string bytes = passes.empty() ? impl_->loaded.graph() : run_passes(impl_->loaded, passes, {});
  return graph::print_model(graph::read_model(bytes));
}

}  // namespace tessera
