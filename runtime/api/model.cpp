#include "tessera/model.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/graph/external_data.hpp"
#include "core/graph/print.hpp"
#include "runtime/api/model_impl.hpp"
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
  impl_->current_session.reset();
  impl_->compiled.reset();
  impl_->options = options;
  impl_->compiled.emplace(impl_->loaded, options);
}

std::vector<std::string> AutoModelForCausalLM::export_onnx(const std::string& folder, bool copy_weights,
                                                           const CompileOptions& options) {
  const std::string model = run_passes(impl_->loaded, options.passes, options);
  const graph::ExportProgress progress = [&](uint64_t done, uint64_t total) {
    return !options.progress || options.progress("copying weights", done, total);
  };
  const graph::ExportReport report =
      graph::export_model(model, folder, graph::real_paths_in(impl_->loaded.info().folder),
                          copy_weights ? graph::WeightsMode::kCopy : graph::WeightsMode::kLink, progress);
  std::vector<std::string> lines{
      fmt::format("{}: written, {} bytes", report.model_file.string(), model.size())};
  for (const graph::ExportedWeights& file : report.weights) {
    const std::string how = file.linked ? "hard link"
                            : file.copy_reason.empty()
                                ? "copy"
                                : fmt::format("copy, a link was refused: {}", file.copy_reason);
    lines.push_back(fmt::format("{}: {}, {} bytes", (std::filesystem::path(folder) / file.location).string(),
                                how, file.bytes));
  }
  return lines;
}

const ModelInfo& AutoModelForCausalLM::info() const {
  return impl_->loaded.info();
}

const CompileInfo& AutoModelForCausalLM::compile_info() const {
  return impl_->ensure_compiled().info();
}

const AutoTokenizer& AutoModelForCausalLM::tokenizer() const {
  if (const AutoTokenizer* tokenizer = impl_->loaded.tokenizer()) return *tokenizer;
  throw Error(ErrorCode::kNotFound, "the model folder has no tokenizer.json").file(info().folder);
}

std::string AutoModelForCausalLM::graph_text(const std::vector<Pass>& passes) const {
  const std::string bytes = passes.empty() ? impl_->loaded.graph() : run_passes(impl_->loaded, passes, {});
  return graph::print_model(graph::read_model(bytes));
}

}  // namespace tessera
