#include "tessera/auto_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/graph/print.hpp"
#include "runtime/api/auto_model_impl.hpp"
#include "runtime/encoder/checkpoint_texts.hpp"
#include "runtime/model/export.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/output_names.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {

AutoModel::AutoModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AutoModel::AutoModel(std::string_view folder_or_id, LoadOptions options, std::string_view task) {
  if (options.task.empty()) options.task = task;
  impl_ = std::make_unique<Impl>(folder_or_id, options);
  impl_->require_task(task);
}
AutoModel::AutoModel(AutoModel&&) noexcept = default;
AutoModel& AutoModel::operator=(AutoModel&&) noexcept = default;
AutoModel::~AutoModel() = default;

AutoModel AutoModel::from_pretrained(std::string_view folder_or_id, const LoadOptions& options) {
  return AutoModel(std::make_unique<Impl>(folder_or_id, options));
}

void AutoModel::compile(const CompileOptions& options) {
  impl_->sequence_runner.reset();
  impl_->compiled.reset();
  impl_->options = options;
  impl_->compiled.emplace(impl_->loaded, options);
}

std::vector<std::string> AutoModel::export_onnx(const std::string& folder, bool copy_weights,
                                                const CompileOptions& options) {
  return export_model_folder(impl_->loaded, folder, copy_weights, options);
}

std::vector<std::vector<NamedTensor>> AutoModel::forward(const std::vector<TextInput>& inputs,
                                                         const TextRunOptions& options) {
  std::vector<TokenSequence> sequences;
  for (const Encoding& encoding : impl_->encode(inputs, max_tokens(), TooLong::kError, options)) {
    sequences.push_back(token_sequence(encoding));
  }
  return impl_->runner().run(sequences, impl_->output_names(), {options.progress, options.cancel});
}

std::vector<NamedTensor> AutoModel::forward(const std::vector<int64_t>& input_ids,
                                            const std::vector<int64_t>& type_ids) {
  if (input_ids.empty()) throw Error(ErrorCode::kInvalidArgument, "the sequence has no tokens");
  TokenSequence sequence{input_ids, type_ids};
  sequence.type_ids.resize(input_ids.size());
  return impl_->runner().run({&sequence, 1}, impl_->output_names(), {}).front();
}

const ModelInfo& AutoModel::info() const {
  return impl_->loaded.info();
}

const CompileInfo& AutoModel::compile_info() const {
  return impl_->ensure_compiled().info();
}

const AutoTokenizer& AutoModel::tokenizer() const {
  impl_->tokenizer();
  return *impl_->loaded.tokenizer();
}

int64_t AutoModel::max_tokens() const {
  return impl_->max_tokens();
}

std::string AutoModel::graph_text(const std::vector<Pass>& passes) const {
  const std::string bytes = passes.empty() ? impl_->loaded.graph() : run_passes(impl_->loaded, passes, {});
  return graph::print_model(graph::read_model(bytes));
}

CompiledModel& AutoModel::Impl::ensure_compiled() {
  if (!compiled) compiled.emplace(loaded, options);
  return *compiled;
}

SequenceRunner& AutoModel::Impl::runner() {
  if (!sequence_runner) sequence_runner = std::make_unique<SequenceRunner>(ensure_compiled());
  return *sequence_runner;
}

const Tokenizer& AutoModel::Impl::tokenizer() const {
  if (const AutoTokenizer* known = loaded.tokenizer()) return known->impl();
  throw Error(ErrorCode::kNotFound, "the model folder has no tokenizer").file(loaded.info().folder);
}

int64_t AutoModel::Impl::max_tokens() const {
  return std::min(loaded.facts().max_positions, read_model_max_length(loaded.checkpoint()));
}

std::vector<Encoding> AutoModel::Impl::encode(const std::vector<TextInput>& inputs, int64_t limit,
                                              TooLong too_long, const TextRunOptions& options) const {
  const Tokenizer& known = tokenizer();
  const auto encode_one = [&](const TextInput& input, const EncodeOptions& how) {
    return input.pair.empty() ? known.encode_with_offsets(input.text, how)
                              : known.encode_pair(input.text, input.pair, how);
  };
  std::vector<Encoding> encodings;
  for (size_t i = 0; i < inputs.size(); ++i) {
    try {
      Encoding encoding = encode_one(inputs[i], {});
      const auto tokens = static_cast<int64_t>(encoding.ids.size());
      if (tokens == 0) throw Error(ErrorCode::kInvalidArgument, "the text has no tokens");
      if (tokens > limit && too_long == TooLong::kError) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("the text has {} tokens, the model takes {}", tokens, limit))
            .remedy("shorten the text");
      }
      if (tokens > limit) {
        encoding = encode_one(inputs[i], {.max_length = static_cast<size_t>(limit)});
        if (options.on_truncated) options.on_truncated(i, tokens, limit);
      }
      encodings.push_back(std::move(encoding));
    } catch (Error& error) {
      if (inputs.size() > 1) error.add_context(fmt::format("reading input {}", i + 1));
      throw;
    }
    if (options.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
  }
  return encodings;
}

std::vector<NamedTensor> AutoModel::Impl::run(const std::vector<Encoding>& encodings, const std::string& name,
                                              const TextRunOptions& options) {
  std::vector<TokenSequence> sequences;
  sequences.reserve(encodings.size());
  for (const Encoding& encoding : encodings) sequences.push_back(token_sequence(encoding));
  std::vector<NamedTensor> tensors;
  for (std::vector<NamedTensor>& result :
       runner().run(sequences, {name}, {options.progress, options.cancel})) {
    tensors.push_back(std::move(result.front()));
  }
  return tensors;
}

std::vector<std::string> AutoModel::Impl::output_names() {
  std::vector<std::string> names;
  const CompiledModel& model = ensure_compiled();
  for (const graph::ValueInfo& output : model.outputs())
    names.push_back(graph::original_output_name(model.graph(), output.name));
  return names;
}

void AutoModel::Impl::require_task(std::string_view task) const {
  if (loaded.info().task == task) return;
  throw Error(ErrorCode::kNotSupported,
              fmt::format("the model is loaded for '{}', not for '{}'", loaded.info().task, task))
      .file(loaded.info().folder)
      .key("task");
}

TokenSequence token_sequence(const Encoding& encoding) {
  return {encoding.ids, {encoding.type_ids.begin(), encoding.type_ids.end()}};
}

}  // namespace tessera
