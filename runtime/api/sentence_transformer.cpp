#include "tessera/sentence_transformer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/hub/hub_cache.hpp"
#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "runtime/api/auto_model_impl.hpp"
#include "runtime/encoder/sentence_folder.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera {
namespace {

constexpr const char* kTask = "feature-extraction";

void normalize(std::vector<float>& vector) {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  const double length = std::max(std::sqrt(sum), 1e-12);
  for (float& x : vector) x = static_cast<float>(x / length);
}

}  // namespace

/// AutoModel with its inside open: sentence embeddings need token ids and special lengths.
class SentenceModel : public AutoModel {
 public:
  SentenceModel(const std::string& folder, const LoadOptions& options) : AutoModel(folder, options, kTask) {}
  AutoModel::Impl& inside() { return *impl_; }
};

struct SentenceTransformer::Impl {
  Impl(SentenceFolder read, const SentenceLoadOptions& options)
      : folder(std::move(read)), model(folder.transformer.string(), options) {
    describe();
  }

  void describe();
  std::string prompt_of(const EncodeTextOptions& options) const;
  std::string prepared(const std::string& text) const;
  /// True when the compiled graph pools tokens itself. Throws Error kNotSupported when it does so in another
  /// way than the folder says.
  bool compiled_pooling(int64_t prompt_tokens);
  /// `output`: [tokens, width], or [width] of a graph that pools.
  std::vector<float> embed(const NamedTensor& output, int64_t prompt_tokens, bool normalized) const;

  SentenceFolder folder;
  SentenceModel model;
  SentenceInfo info;
};

void SentenceTransformer::Impl::describe() {
  auto& inside = model.inside();
  const int64_t width = inside.loaded.width_of("last_hidden_state");
  int64_t dimensions = width * static_cast<int64_t>(folder.pooling->modes.size());
  for (const Dense& dense : folder.dense) {
    if (dense.in_features() != dimensions) {
      throw Error(ErrorCode::kCorruptData,
                  fmt::format("a dense layer takes {} features, what goes into it has {}",
                              dense.in_features(), dimensions))
          .file(folder.transformer.string())
          .key("in_features");
    }
    dimensions = dense.out_features();
  }
  info.pooling = pooling_text(*folder.pooling);
  info.dimensions = dimensions;
  info.max_seq_length =
      std::min(folder.max_seq_length.value_or(inside.max_tokens()), inside.loaded.facts().max_positions);
  info.normalized = folder.normalize;
  info.similarity_fn_name = folder.similarity_fn_name;
  info.prompts = folder.prompts;
  info.default_prompt_name = folder.default_prompt_name;
}

std::string SentenceTransformer::Impl::prompt_of(const EncodeTextOptions& options) const {
  if (options.prompt) return *options.prompt;
  const std::string& name = options.prompt_name.empty() ? folder.default_prompt_name : options.prompt_name;
  if (name.empty()) return {};
  const auto found = folder.prompts.find(name);
  if (found != folder.prompts.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, text] : folder.prompts) names.push_back(known);
  throw Error(ErrorCode::kNotFound, fmt::format("the model has no prompt '{}'", name))
      .key("prompt_name")
      .remedy(names.empty() ? "config_sentence_transformers.json has no prompts" : did_you_mean(name, names));
}

std::string SentenceTransformer::Impl::prepared(const std::string& text) const {
  // What is no UTF-8 the tokenizer reports.
  if (!folder.do_lower_case || tokenizer::find_invalid_utf8(text) != std::string_view::npos) return text;
  std::string lower;
  for (size_t at = 0; at < text.size();) {
    const tokenizer::CodePoint c = tokenizer::decode_utf8(text, at);
    tokenizer::append_lower_case(lower, c.value);
    at += c.length;
  }
  return lower;
}

bool SentenceTransformer::Impl::compiled_pooling(int64_t prompt_tokens) {
  const graph::Model& graph = model.inside().ensure_compiled().graph();
  const std::string* compiled = graph::find_metadata(graph, graph::metadata::kPooling);
  if (compiled == nullptr) return false;
  const std::string wanted = pooling_text(*folder.pooling);
  const bool leaves_prompt_out = !folder.pooling->include_prompt && prompt_tokens > 0 && wanted != "cls";
  if (*compiled == wanted && !leaves_prompt_out) return true;
  throw Error(ErrorCode::kNotSupported,
              fmt::format("the compiled graph pools tokens by '{}', these embeddings want '{}'{}", *compiled,
                          wanted, leaves_prompt_out ? " without the prompt's tokens" : ""))
      .key("pooling")
      .remedy("compile without pooling: hidden states are pooled here then");
}

std::vector<float> SentenceTransformer::Impl::embed(const NamedTensor& output, int64_t prompt_tokens,
                                                    bool normalized) const {
  std::vector<float> vector = output.dims.size() == 1
                                  ? output.data
                                  : pool(*folder.pooling, output.data, output.dims.back(), prompt_tokens);
  for (const Dense& dense : folder.dense) vector = dense.apply(vector);
  if (normalized) normalize(vector);
  return vector;
}

SentenceTransformer::SentenceTransformer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SentenceTransformer::SentenceTransformer(SentenceTransformer&&) noexcept = default;
SentenceTransformer& SentenceTransformer::operator=(SentenceTransformer&&) noexcept = default;
SentenceTransformer::~SentenceTransformer() = default;

SentenceTransformer SentenceTransformer::from_pretrained(std::string_view folder_or_id,
                                                         const SentenceLoadOptions& options) {
  const std::filesystem::path path = find_model(folder_or_id).folder;
  SentenceFolder folder = read_sentence_folder(path);
  if (!options.pooling.empty()) {
    PoolingConfig pooling;
    pooling.include_prompt = !folder.pooling || folder.pooling->include_prompt;
    for (const std::string& name : options.pooling) pooling.modes.push_back(parse_pooling_mode(name));
    std::sort(pooling.modes.begin(), pooling.modes.end());
    pooling.modes.erase(std::unique(pooling.modes.begin(), pooling.modes.end()), pooling.modes.end());
    folder.pooling = std::move(pooling);
  }
  if (!folder.pooling) {
    throw Error(ErrorCode::kNotSupported, "nothing in the folder says how tokens become one embedding")
        .file(path.string())
        .key("pooling")
        .remedy("take a folder with modules.json and 1_Pooling/config.json, or say it with --pooling");
  }
  try {
    return SentenceTransformer(std::make_unique<Impl>(std::move(folder), options));
  } catch (Error& error) {
    error.add_context("loading the transformer of sentence embeddings");
    throw;
  }
}

std::vector<std::vector<float>> SentenceTransformer::encode(const std::vector<TextInput>& inputs,
                                                            const EncodeTextOptions& options) {
  auto& inside = impl_->model.inside();
  const std::string prompt = impl_->prompt_of(options);
  // As the library counts: the prompt's tokens with what the template puts in front, without its last one.
  int64_t prompt_tokens = 0;
  if (!prompt.empty())
    prompt_tokens = static_cast<int64_t>(inside.tokenizer().encode(impl_->prepared(prompt)).size()) - 1;
  std::vector<TextInput> texts;
  texts.reserve(inputs.size());
  for (const TextInput& input : inputs) {
    texts.emplace_back(impl_->prepared(prompt + input.text), impl_->prepared(input.pair));
  }
  const std::vector<Encoding> encodings =
      inside.encode(texts, impl_->info.max_seq_length, TooLong::kCut, options);
  const bool pooled = impl_->compiled_pooling(prompt_tokens);
  const std::vector<NamedTensor> outputs =
      inside.run(encodings, pooled ? "pooled" : "last_hidden_state", options);
  std::vector<std::vector<float>> embeddings;
  for (const NamedTensor& tensor : outputs) {
    embeddings.push_back(
        impl_->embed(tensor, prompt_tokens, impl_->folder.normalize || options.normalize_embeddings));
  }
  return embeddings;
}

double SentenceTransformer::similarity(std::span<const float> a, std::span<const float> b) const {
  if (a.size() != b.size()) throw Error(ErrorCode::kInvalidArgument, "embeddings of different lengths");
  double dot = 0, aa = 0, bb = 0, squares = 0, distances = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    squares += (x - y) * (x - y);
    distances += std::abs(x - y);
  }
  const std::string& name = impl_->info.similarity_fn_name;
  if (name == "cosine") return dot / std::max(std::sqrt(aa) * std::sqrt(bb), 1e-24);
  if (name == "dot") return dot;
  if (name == "euclidean") return -std::sqrt(squares);
  if (name == "manhattan") return -distances;
  throw Error(ErrorCode::kNotSupported, fmt::format("the similarity '{}' is not implemented", name))
      .key("similarity_fn_name")
      .remedy("one of: cosine, dot, euclidean, manhattan");
}

const SentenceInfo& SentenceTransformer::info() const {
  return impl_->info;
}

AutoModel& SentenceTransformer::model() {
  return impl_->model;
}

}  // namespace tessera
