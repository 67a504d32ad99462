#include "runtime/model/export.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/graph/external_data.hpp"
#include "runtime/model/compiled_model.hpp"

namespace tessera {

std::vector<std::string> export_model_folder(const LoadedModel& model, const std::string& folder,
                                             bool copy_weights, const CompileOptions& options) {
  const std::string bytes = run_passes(model, options.passes, options);
  const graph::ExportProgress progress = [&](uint64_t done, uint64_t total) {
    return !options.progress || options.progress("copying weights", done, total);
  };
  const graph::ExportReport report =
      graph::export_model(bytes, folder, graph::real_paths_in(model.info().folder),
                          copy_weights ? graph::WeightsMode::kCopy : graph::WeightsMode::kLink, progress);
  std::vector<std::string> lines{
      fmt::format("{}: written, {} bytes", report.model_file.string(), bytes.size())};
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

}  // namespace tessera
