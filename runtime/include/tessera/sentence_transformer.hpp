/// Sentence embeddings as sentence-transformers makes them from the same folder.
///
///     auto model = tessera::SentenceTransformer::from_pretrained("all-MiniLM-L6-v2");
///     auto embeddings = model.encode({"The cat sits outside", "A man is playing guitar"});
///     double cosine = model.similarity(embeddings[0], embeddings[1]);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/auto_model.hpp"

namespace tessera {

struct SentenceLoadOptions : LoadOptions {
  /// How tokens become one vector, instead of what the folder says: cls, mean, max, mean_sqrt_len_tokens,
  /// weightedmean, lasttoken; several are joined. Needed where the folder says nothing.
  std::vector<std::string> pooling = {};
};

struct EncodeTextOptions : TextRunOptions {
  /// Name of a prompt of config_sentence_transformers.json that goes before each text; empty: its
  /// default_prompt_name, if it has one.
  std::string prompt_name = {};
  std::optional<std::string> prompt = std::nullopt;  ///< a prompt itself; wins
  bool normalize_embeddings = false;  ///< to length 1, also where the folder does not ask for it
};

/// What the folder's modules say; for people and tools.
struct SentenceInfo {
  std::string pooling;             ///< "mean", "cls+mean"
  int64_t dimensions = 0;          ///< of an embedding
  int64_t max_seq_length = 0;      ///< tokens; longer texts are cut
  bool normalized = false;         ///< a module Normalize
  std::string similarity_fn_name;  ///< "cosine", "dot", "euclidean", "manhattan"
  std::map<std::string, std::string> prompts;
  std::string default_prompt_name;  ///< empty: none
};

/// Reads modules.json, the pooling's and dense layers' folders, sentence_bert_config.json and
/// config_sentence_transformers.json. Movable. One call at a time on one object.
class SentenceTransformer {
 public:
  /// Throws Error: kNotSupported when nothing says how tokens are pooled (it is not guessed), for a module
  /// that is not implemented, for a causal language model; else as AutoModel::from_pretrained.
  static SentenceTransformer from_pretrained(std::string_view folder_or_id,
                                             const SentenceLoadOptions& options = {});
  SentenceTransformer(SentenceTransformer&&) noexcept;
  SentenceTransformer& operator=(SentenceTransformer&&) noexcept;
  ~SentenceTransformer();

  /// One vector of info().dimensions an input. Throws Error.
  std::vector<std::vector<float>> encode(const std::vector<TextInput>& inputs,
                                         const EncodeTextOptions& options = {});

  /// By similarity_fn_name; larger is more alike (distances are negative).
  double similarity(std::span<const float> a, std::span<const float> b) const;

  const SentenceInfo& info() const;
  AutoModel& model();  ///< the transformer below: compile(), info()

 private:
  struct Impl;
  explicit SentenceTransformer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tessera
