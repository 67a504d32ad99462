/// Does a compiled model compute what its graph says? The fused path against the reference, stage by stage.
///
///     const VerifyReport report = tessera::verify_model("model-or-folder");
///     if (!report.passed) std::cerr << report.finding->node << " by " << report.finding->pass;
///
/// The reference is the architecture's pure graph with all function bodies inlined, on the plain executor.
/// Against it runs the graph on the backend with its kernels: as the architecture built it, after each pass,
/// and at last step by step with a cache. A golden file, where one is given, judges the reference as well.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/model.hpp"

namespace tessera {

struct VerifyOptions {
  CompileOptions compile = {};        ///< backend, passes, threads; `expose_values`, `reference` do not count
  std::optional<Prompt> prompt = {};  ///< none: the golden's ids, else fixed ones
  bool add_special_tokens = true;     ///< of the tokenizer, for a text
  double tolerance = 0;               ///< of each tensor's range; 0: what the backend promises, see docs
  std::string golden = {};  ///< safetensors file with what is expected of the reference; may be empty
  std::stop_token cancel = {};
};

/// One tensor against its expected values.
struct TensorDifference {
  std::string name;         ///< "hidden.3", "logits"
  double max_abs = 0;       ///< infinity for NaN on one side or another shape
  double mean_abs = 0;      ///< the same
  double range = 0;         ///< largest less smallest expected value
  double relative() const;  ///< max_abs / range; 0 for equal tensors
};

enum class VerifyStatus {
  kPassed,
  kFailed,
  kSkipped,  ///< the graph after this pass alone cannot run on the backend
};

/// One way to run the model.
struct VerifyStage {
  std::string name;  ///< "golden", "kernels", "after kv-cache", "one row a step"
  std::string pass;  ///< the pass that this stage adds; empty: none
  VerifyStatus status = VerifyStatus::kPassed;
  std::string error = {};                      ///< why it could not run; empty: it ran
  std::vector<TensorDifference> tensors = {};  ///< hidden states first, in order
  double token_agreement =
      1;  ///< fraction of positions with the expected best token; 1 where logits have none
};

/// Where it went wrong first.
struct VerifyFinding {
  std::string stage, pass;  ///< of the first stage that failed; `pass` empty: no pass did it
  TensorDifference layer;   ///< its first tensor beyond tolerance: "hidden.2" is what layer 1 gave
  std::string node, op;     ///< the first node of that layer whose output deviates; empty: not known
  std::string provenance;   ///< what the node says of its makers: "plugin=llama pass=kv-cache"
  TensorDifference value;   ///< that output
};

struct VerifyReport {
  std::string folder, architecture, task, backend, isa;
  std::vector<int64_t> input_ids;
  double tolerance = 0;
  bool passed = true;
  std::vector<VerifyStage> stages;
  std::optional<VerifyFinding> finding;
  std::vector<std::string> not_compared;  ///< tensors of the golden that the graph does not have
};

/// Throws Error for a model that cannot be loaded, a golden that does not belong to it, ids that the model
/// does not take. A deviation is no error.
VerifyReport verify_model(std::string_view folder_or_id, const LoadOptions& load = {},
                          const VerifyOptions& options = {});

/// Writes what the reference gives as a golden file: `input_ids` (and `token_type_ids` of encoders) as I64,
/// hidden states and the graph's outputs as F32, each [tokens, width] or [width]. Returns its tensors' names.
std::vector<std::string> write_golden(std::string_view folder_or_id, const std::string& path,
                                      const LoadOptions& load = {}, const VerifyOptions& options = {});

}  // namespace tessera
