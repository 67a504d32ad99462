/// Any checkpoint by what its graph gives: load, compile, run texts through it.
///
///     auto model = tessera::AutoModel::from_pretrained("bert-folder");
///     auto outputs = model.forward({"Hello."});
///     for (const NamedTensor& t : outputs.front()) ...   // last_hidden_state, pooler_output
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/text_input.hpp"

namespace tessera {

/// A model for what the checkpoint says (`architectures`), or LoadOptions::task. Movable. One call at a time
/// on one object; distinct objects are independent. The classes for tasks derive from it.
class AutoModel {
 public:
  /// As AutoModelForCausalLM::from_pretrained.
  static AutoModel from_pretrained(std::string_view folder_or_id, const LoadOptions& options = {});
  AutoModel(AutoModel&&) noexcept;
  AutoModel& operator=(AutoModel&&) noexcept;
  ~AutoModel();

  /// Runs the passes and compiles for the backend; without it the first run compiles with the defaults.
  void compile(const CompileOptions& options = {});

  /// As AutoModelForCausalLM::export_onnx.
  std::vector<std::string> export_onnx(const std::string& folder, bool copy_weights,
                                       const CompileOptions& options = {});

  /// All outputs of the graph for each input: [tokens, width] those by token, [width] those by text. Texts
  /// run packed behind one another, without padding; each gets what it would get alone, bit for bit where the
  /// backend promises `bits.shape_invariant`. A text that is too long is an error, nothing is cut. Not for
  /// causal language models, which keep a cache: theirs is AutoModelForCausalLM::logits. Throws Error.
  std::vector<std::vector<NamedTensor>> forward(const std::vector<TextInput>& inputs,
                                                const TextRunOptions& options = {});
  /// The same for token ids of one sequence, taken as they are. `type_ids` empty: all 0.
  std::vector<NamedTensor> forward(const std::vector<int64_t>& input_ids,
                                   const std::vector<int64_t>& type_ids = {});

  const ModelInfo& info() const;
  const CompileInfo& compile_info() const;  ///< compiles with the defaults when nothing was compiled yet
  const AutoTokenizer& tokenizer() const;   ///< throws when the folder has none
  /// Tokens that a text may have: the model's positions, or fewer where tokenizer_config.json says so.
  int64_t max_tokens() const;
  /// The graph as readable text: pure, or after `passes`.
  std::string graph_text(const std::vector<Pass>& passes = {}) const;

 protected:
  struct Impl;
  explicit AutoModel(std::unique_ptr<Impl> impl);
  /// Without a task in `options`: `task`.
  AutoModel(std::string_view folder_or_id, LoadOptions options, std::string_view task);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tessera
