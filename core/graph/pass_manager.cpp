#include "core/graph/pass_manager.hpp"

#include <fmt/format.h>

#include <chrono>
#include <span>
#include <system_error>

#include "core/checkpoint/atomic_file.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::graph {
namespace {

class Stopwatch {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Ids of plugins are plain, but this is a file name: nothing may leave the folder.
std::string file_name(std::string text) {
  for (char& c : text) {
    if (c == '/' || c == '\0') c = '_';
  }
  return text;
}

/// Runs `action`; an error gets `doing` as context.
template <typename Action>
auto with_context(const std::string& doing, const Action& action) {
  try {
    return action();
  } catch (Error& error) {
    error.add_context(doing);
    throw;
  }
}

class PassRun {
 public:
  PassRun(std::string model, size_t total, const PassManagerOptions& options)
      : options_(options), total_(total) {
    result_.model = std::move(model);
    if (options.dump_dir.empty()) return;
    std::error_code failure;
    std::filesystem::create_directories(options.dump_dir, failure);
    if (!failure) return;
    throw Error(ErrorCode::kIo, "cannot make the folder for dumps: " + failure.message())
        .file(options.dump_dir.string());
  }

  void check_start() {
    PassReport report;
    report.id = options_.architecture;
    report.changed = true;
    dump(report.id);
    finish(std::move(report), fmt::format("checking the graph of architecture '{}'", options_.architecture));
  }

  void apply(const PassRequest& request, const RunPass& run) {
    const size_t number = result_.reports.size();
    const std::string where = fmt::format("pass '{}' ({} of {})", request.id, number, total_);
    if (options_.progress && !options_.progress(number - 1, total_, request.id)) {
      throw Error(ErrorCode::kCancelled, "stopped on request").during("running " + where);
    }
    PassReport report;
    report.id = request.id;
    const Stopwatch stopwatch;
    std::string changed = with_context("running " + where, [&] { return run(request, result_.model); });
    report.pass_ms = stopwatch.ms();
    report.changed = !changed.empty();
    if (report.changed) result_.model = std::move(changed);
    dump(request.id);
    finish(std::move(report), "checking the graph after " + where);
  }

  PassResult take() { return std::move(result_); }

 private:
  void dump(const std::string& id) const {
    if (options_.dump_dir.empty()) return;
    AtomicFile file(options_.dump_dir / fmt::format("{:02}-{}.onnx", result_.reports.size(), file_name(id)));
    file.write(std::as_bytes(std::span(result_.model.data(), result_.model.size())));
    file.commit();
  }

  void finish(PassReport report, const std::string& doing) {
    const Stopwatch stopwatch;
    if (report.changed) {
      nodes_ =
          with_context(doing, [&] { return check_graph(result_.model, options_.check).graph.nodes.size(); });
    }
    report.check_ms = stopwatch.ms();
    report.nodes = nodes_;
    report.model_bytes = result_.model.size();
    result_.reports.push_back(std::move(report));
  }

  const PassManagerOptions& options_;
  size_t total_;
  PassResult result_;
  uint64_t nodes_ = 0;
};

}  // namespace

PassResult run_passes(std::string model, const std::vector<PassRequest>& passes, const RunPass& run,
                      const PassManagerOptions& options) {
  PassRun pass_run(std::move(model), passes.size(), options);
  pass_run.check_start();
  for (const PassRequest& request : passes) pass_run.apply(request, run);
  return pass_run.take();
}

}  // namespace tessera::graph
