/// What stands behind AutoModel and the classes for tasks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.hpp"
#include "runtime/encoder/sequence_runner.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/auto_model.hpp"

namespace tessera {

/// A text that is too long for the model.
enum class TooLong { kCut, kError };

struct AutoModel::Impl {
  Impl(std::string_view folder_or_id, const LoadOptions& options) : loaded(folder_or_id, options) {}

  CompiledModel& ensure_compiled();
  SequenceRunner& runner();
  /// Throws Error kNotFound when the folder has none.
  const Tokenizer& tokenizer() const;
  int64_t max_tokens() const;

  /// The texts as tokens, `limit` at most. Throws Error kInvalidArgument naming the input: too long, no
  /// token, invalid UTF-8.
  std::vector<Encoding> encode(const std::vector<TextInput>& inputs, int64_t limit, TooLong too_long,
                               const TextRunOptions& options) const;

  /// encode() and run() for output `name`; one tensor an input.
  std::vector<NamedTensor> run(const std::vector<Encoding>& encodings, const std::string& name,
                               const TextRunOptions& options);
  /// The names of all outputs of the graph.
  std::vector<std::string> output_names();
  /// Throws Error kNotSupported when the graph is for something else.
  void require_task(std::string_view task) const;

  LoadedModel loaded;
  CompileOptions options;
  std::optional<CompiledModel> compiled;
  std::unique_ptr<SequenceRunner> sequence_runner;
};

TokenSequence token_sequence(const Encoding& encoding);

}  // namespace tessera
