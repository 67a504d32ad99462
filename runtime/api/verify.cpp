#include "tessera/verify.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "runtime/verify/comparison.hpp"
#include "runtime/verify/golden_file.hpp"
#include "runtime/verify/localise.hpp"
#include "runtime/verify/stage_runner.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {
namespace {

/// Of a tensor's range, for a backend whose bits do not depend on shapes: one that computes in float32.
constexpr double kFloat32Tolerance = 2e-5;
/// For the others: each compiled shape is a program of its own, in half precision as a rule.
constexpr double kHalfTolerance = 2e-2;

/// Tokens of the default prompt; more where a window must be left to be tested.
constexpr int64_t kDefaultTokens = 32, kMostDefaultTokens = 128;

using Tensors = std::map<std::string, NamedTensor, std::less<>>;

Tensors by_name(std::vector<NamedTensor> list) {
  Tensors tensors;
  for (NamedTensor& tensor : list) tensors.emplace(tensor.name, std::move(tensor));
  return tensors;
}

/// Some ids of the vocabulary that differ from one another, the same in every run.
std::vector<int64_t> default_ids(const GraphFacts& facts) {
  int64_t tokens = kDefaultTokens;
  if (facts.window > 0) tokens = std::clamp(facts.window + 8, kDefaultTokens, kMostDefaultTokens);
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < std::min(tokens, facts.max_positions); ++i)
    ids.push_back((i * 7919 + 1) % facts.vocab_size);
  return ids;
}

VerifyText text_of(const LoadedModel& model, const VerifyOptions& options, const VerifyText& golden) {
  VerifyText text = golden;
  if (options.prompt && options.prompt->is_ids) {
    text.ids = options.prompt->ids;
  } else if (options.prompt) {
    const AutoTokenizer* tokenizer = model.tokenizer();
    if (tokenizer == nullptr) {
      throw Error(ErrorCode::kNotFound, "the model folder has no tokenizer")
          .file(model.info().folder)
          .remedy("give token ids instead of text");
    }
    text.ids = tokenizer->encode(options.prompt->text, options.add_special_tokens);
  } else if (!options.golden.empty() && text.ids.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the golden file has no input_ids")
        .file(options.golden)
        .remedy("give the prompt that it was made for");
  } else if (text.ids.empty()) {
    text.ids = default_ids(model.facts());
  }
  if (!golden.ids.empty() && text.ids != golden.ids) {
    throw Error(ErrorCode::kInvalidArgument, "the golden file was made for other token ids")
        .file(options.golden)
        .remedy("leave the prompt out: the golden brings its ids");
  }
  if (text.ids != golden.ids) text.type_ids.clear();
  text.type_ids.resize(text.ids.size());
  return text;
}

void check_text(const LoadedModel& model, const VerifyText& text) {
  const GraphFacts& facts = model.facts();
  const auto count = static_cast<int64_t>(text.ids.size());
  if (count == 0) throw Error(ErrorCode::kInvalidArgument, "the prompt has no tokens");
  if (count > facts.max_positions) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the prompt has {} tokens, the model takes {}", count, facts.max_positions));
  }
  for (const int64_t id : text.ids) {
    if (id >= 0 && id < facts.vocab_size) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("token id {} is outside the {} rows of the embedding", id, facts.vocab_size))
        .file(model.info().folder);
  }
}

/// "hidden.12" -> 12; -1 for other names.
int64_t layer_number(std::string_view name) {
  constexpr std::string_view kPrefix = "hidden.";
  if (name.rfind(kPrefix, 0) != 0) return -1;
  int64_t number = -1;
  const char* end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data() + kPrefix.size(), end, number);
  return failure == std::errc() && stop == end ? number : -1;
}

/// What a stage is compared by: hidden states from the first to the last, then the graph's own outputs.
std::vector<std::string> compared_names(const graph::Model& model) {
  std::vector<std::string> hidden, others;
  for (const graph::Node& node : model.graph.nodes) {
    for (const std::string& name : node.outputs) {
      if (layer_number(name) >= 0) hidden.push_back(name);
    }
  }
  std::sort(hidden.begin(), hidden.end(),
            [](const std::string& a, const std::string& b) { return layer_number(a) < layer_number(b); });
  for (const graph::ValueInfo& output : model.graph.outputs) {
    if (layer_number(output.name) < 0) others.push_back(output.name);
  }
  hidden.insert(hidden.end(), others.begin(), others.end());
  return hidden;
}

/// A verification while it runs.
class Verification {
 public:
  Verification(std::string_view folder_or_id, const LoadOptions& load, const VerifyOptions& options)
      : options_(options), model_(folder_or_id, load), pure_(graph::read_model(model_.graph())) {
    names_ = compared_names(pure_);
    if (!options.golden.empty()) golden_ = read_golden(options.golden);
    text_ = text_of(model_, options, golden_.text);
    check_text(model_, text_);
  }

  VerifyReport run() {
    describe();
    reference_ = by_name(run_reference(names_));
    if (!options_.golden.empty()) compare_golden();
    const std::vector<Pass> passes = passes_for(model_, fused_options());
    for (size_t count = 0; count <= passes.size(); ++count) {
      verify_passes({passes.begin(), passes.begin() + static_cast<std::ptrdiff_t>(count)}, passes.size());
    }
    return std::move(report_);
  }

  std::vector<NamedTensor> reference() { return run_reference(names_); }
  const VerifyText& text() const { return text_; }
  bool takes_types() const { return graph::has_input(pure_.graph, "token_type_ids"); }

 private:
  /// How to compile a stage again, with other values exposed.
  struct Way {
    std::vector<Pass> passes;
    int64_t rows = 0;  // of a step; 0: all
  };

  CompileOptions fused_options() const {
    CompileOptions options = options_.compile;
    options.reference = false;
    options.expose_values.clear();
    return options;
  }

  void check_cancelled() const {
    if (options_.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
  }

  void describe() {
    const plugin::Backend& backend = model_.registry().find_backend(options_.compile.backend);
    const auto invariant = backend.find_property("bits.shape_invariant");
    report_.folder = model_.info().folder;
    report_.architecture = model_.info().architecture;
    report_.task = model_.info().task;
    report_.backend = options_.compile.backend;
    report_.input_ids = text_.ids;
    report_.tolerance = options_.tolerance > 0              ? options_.tolerance
                        : invariant && invariant->as_bool() ? kFloat32Tolerance
                                                            : kHalfTolerance;
  }

  /// The pure graph, inlined, on the plain executor of the default backend.
  std::vector<NamedTensor> run_reference(const std::vector<std::string>& names) {
    check_cancelled();
    CompileOptions options;
    options.reference = true;
    options.num_threads = options_.compile.num_threads;
    options.expose_values = exposed(pure_, names);
    const CompiledModel compiled(model_, options);
    return run_stage(compiled, text_, names);
  }

  /// Those of `names` that are no outputs of the pure graph.
  static std::vector<std::string> exposed(const graph::Model& model, const std::vector<std::string>& names) {
    std::vector<std::string> values;
    for (const std::string& name : names) {
      if (!graph::has_output(model.graph, name)) values.push_back(name);
    }
    return values;
  }

  std::vector<NamedTensor> run_way(const Way& way, const std::vector<std::string>& names,
                                   graph::Model* after) {
    check_cancelled();
    CompileOptions options = fused_options();
    options.expose_values = exposed(pure_, names);
    const CompiledModel compiled(model_, options, way.passes);
    report_.isa = compiled.info().isa;
    if (after != nullptr) *after = compiled.graph();
    stateless_ = compiled.stateless();
    return run_stage(compiled, text_, names, way.rows);
  }

  void verify_passes(const std::vector<Pass>& passes, size_t total) {
    const bool last = passes.size() == total;
    VerifyStage stage{passes.empty() ? "kernels" : "after " + passes.back().id,
                      passes.empty() ? "" : passes.back().id};
    if (!verify_way({passes, 0}, stage, last) || !last || stateless_) return;
    VerifyStage steps{"one row a step", ""};
    verify_way({passes, 1}, steps, last);
  }

  /// False when the stage could not run. A pass in the middle of a list may leave a graph that only the next
  /// one completes; behind the last one that is a failure.
  bool verify_way(const Way& way, VerifyStage& stage, bool must_run) {
    try {
      compare_all(by_name(run_way(way, names_, nullptr)), reference_, stage);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      stage.status = must_run || error.code() != ErrorCode::kNotSupported ? VerifyStatus::kFailed
                                                                          : VerifyStatus::kSkipped;
      stage.error = error.message();
      for (const std::string& line : error.context()) stage.error += "; while " + line;
    }
    finish(stage, way);
    return stage.error.empty();
  }

  void compare_all(const Tensors& found, const Tensors& expected, VerifyStage& stage) const {
    for (const std::string& name : names_) {
      const auto wanted = expected.find(name), given = found.find(name);
      if (wanted == expected.end() || given == found.end()) continue;
      stage.tensors.push_back(compare(given->second, wanted->second));
      if (deviates(stage.tensors.back(), report_.tolerance)) stage.status = VerifyStatus::kFailed;
      if (name == "logits") stage.token_agreement = token_agreement(given->second, wanted->second);
    }
  }

  void compare_golden() {
    VerifyStage stage{"golden", ""};
    Tensors expected;
    for (NamedTensor& tensor : golden_.tensors) {
      const bool known = reference_.count(tensor.name) > 0;
      if (!known) report_.not_compared.push_back(tensor.name);
      if (known) expected.emplace(tensor.name, std::move(tensor));
    }
    compare_all(reference_, expected, stage);
    if (stage.tensors.empty()) {
      throw Error(ErrorCode::kInvalidArgument, "the golden file has no tensor that the model gives")
          .file(options_.golden)
          .remedy(fmt::format("it may have: {}", fmt::join(names_, ", ")));
    }
    finish(stage, std::nullopt);
  }

  void finish(const VerifyStage& stage, const std::optional<Way>& way) {
    report_.stages.push_back(stage);
    if (stage.status != VerifyStatus::kFailed) return;
    report_.passed = false;
    if (report_.finding) return;
    const auto bad = std::find_if(stage.tensors.begin(), stage.tensors.end(),
                                  [&](const TensorDifference& t) { return deviates(t, report_.tolerance); });
    VerifyFinding& finding = report_.finding.emplace();
    finding.stage = stage.name;
    finding.pass = stage.pass;
    if (bad == stage.tensors.end()) return;  // it could not run
    finding.layer = finding.value = *bad;
    const std::string good = bad == stage.tensors.begin() ? "" : std::prev(bad)->name;
    if (way) {
      find_node(*way, good, finding);
    } else {
      name_node(blamed_node(pure_.graph, bad->name, {}, ""), finding);
    }
  }

  /// Narrows from the layer to the first of its nodes whose output deviates.
  void find_node(const Way& way, const std::string& good, VerifyFinding& finding) {
    graph::Model staged;
    run_way(way, {finding.layer.name}, &staged);
    const std::vector<std::string> values =
        values_between(pure_.graph, staged.graph, good, finding.layer.name);
    const Tensors expected = by_name(run_reference(values)), found = by_name(run_way(way, values, nullptr));
    for (const std::string& name : values) {
      const TensorDifference difference = compare(found.at(name), expected.at(name));
      if (!deviates(difference, report_.tolerance)) continue;
      finding.value = difference;
      break;
    }
    name_node(blamed_node(staged.graph, finding.value.name, values, finding.pass), finding);
  }

  static void name_node(const graph::Node* node, VerifyFinding& finding) {
    if (node == nullptr) return;
    finding.node = graph::describe(*node);
    finding.op = graph::qualified_op(*node);
    finding.provenance = node->doc_string;
  }

  const VerifyOptions& options_;
  LoadedModel model_;
  graph::Model pure_;
  std::vector<std::string> names_;
  Golden golden_;
  VerifyText text_;
  Tensors reference_;
  bool stateless_ = true;  // the graph of the last way
  VerifyReport report_;
};

}  // namespace

VerifyReport verify_model(std::string_view folder_or_id, const LoadOptions& load,
                          const VerifyOptions& options) {
  return Verification(folder_or_id, load, options).run();
}

std::vector<std::string> write_golden(std::string_view folder_or_id, const std::string& path,
                                      const LoadOptions& load, const VerifyOptions& options) {
  Verification verification(folder_or_id, load, options);
  const std::vector<NamedTensor> tensors = verification.reference();
  write_golden_file(path, verification.text(), verification.takes_types(), tensors);
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors) names.push_back(tensor.name);
  return names;
}

}  // namespace tessera
