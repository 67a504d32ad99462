/// A Hugging Face model folder: its config, its texts, and where every tensor lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/dtype.hpp"
#include "core/checkpoint/mapped_file.hpp"
#include "core/checkpoint/safetensors.hpp"

namespace tessera {

/// A tensor of the checkpoint and its place.
struct TensorEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> dims;  ///< row-major; empty: a scalar
  std::string location;       ///< name of its file in the folder; no '/', no ".."
  uint64_t offset = 0;        ///< bytes from the start of that file; may be odd
  uint64_t length = 0;        ///< bytes
};

/// The tokenizer's files; an empty path means that the folder has no such file.
struct TokenizerFiles {
  /// tokenizer.json; else what a tokenizer is made of without it: tokenizer.model, vocab.json or vocab.txt
  std::filesystem::path tokenizer;
  std::filesystem::path tokenizer_config;    ///< tokenizer_config.json
  std::filesystem::path special_tokens_map;  ///< special_tokens_map.json
  std::filesystem::path chat_template;       ///< chat_template.jinja
};

/// An open checkpoint. Opening reads the texts and the headers of the weight files and maps them; no weight
/// is read.
///
/// Which weights count, as in transformers:
///  - `model.safetensors`; an index beside it is ignored with a warning;
///  - else `model.safetensors.index.json`: it alone decides which shard a tensor comes from. What a shard
///  holds besides is
///    ignored with a warning, files that the index does not name are not opened, its total_size is not read.
/// Files may be links, as in the hub's cache (snapshots/<commit>/model.safetensors -> ../../blobs/<hash>).
///
/// Members are safe from any thread once it is open. Moving is cheap; views outlive the checkpoint.
class Checkpoint {
 public:
  /// Throws Error with file, tensor or key, byte offset, and remedy:
  /// kNotFound (folder, config.json, weights, shard, or a tensor that its shard lacks), kIo, kCorruptData,
  /// kNotSupported (weights only in another format, a dtype that is not known).
  static Checkpoint open(const std::filesystem::path& folder);

  Checkpoint(Checkpoint&&) = default;
  Checkpoint& operator=(Checkpoint&&) = default;

  const std::filesystem::path& folder() const { return folder_; }

  /// config.json as it stands in the file; it has been parsed once, so it is JSON and an object.
  const std::string& config_text() const { return config_text_; }
  /// `model_type` of config.json; empty when the key is absent or null.
  const std::string& model_type() const { return model_type_; }
  /// `architectures` of config.json; empty when the key is absent or null.
  const std::vector<std::string>& architectures() const { return architectures_; }
  /// generation_config.json as it stands in the file, when there is one (see read_generation_config).
  const std::optional<std::string>& generation_config_text() const { return generation_config_text_; }
  const TokenizerFiles& tokenizer_files() const { return tokenizer_files_; }

  /// Sorted by name (bytewise).
  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  /// Null when the checkpoint has no such tensor.
  const TensorEntry* find_tensor(std::string_view name) const;
  /// Bytes of all tensors.
  uint64_t total_bytes() const;

  /// What the caller should tell the user; complete sentences without a final point.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// A read-only view of a range of a weight file. Throws Error kNotFound (no such location),
  /// kInvalidArgument (range).
  MappedView map(std::string_view location, uint64_t offset, uint64_t length) const;
  MappedView map(const TensorEntry& tensor) const {
    return map(tensor.location, tensor.offset, tensor.length);
  }

  /// Copies a range without making the mapping's pages resident. Throws as `map`, and kIo.
  void read(std::string_view location, uint64_t offset, uint64_t length, std::byte* dst) const;

  /// The pages of the range are not needed again, so packed weights need not stay in memory twice. A hint; a
  /// range that is no range of the file is ignored.
  void drop_pages(std::string_view location, uint64_t offset, uint64_t length) const noexcept;

  /// The weight file behind a location, all links resolved. Throws Error kNotFound (no such location, or gone
  /// since).
  std::filesystem::path real_path(std::string_view location) const;
  /// The weight files in use, sorted by name.
  std::vector<std::string> locations() const;

 private:
  explicit Checkpoint(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void read_config();
  void find_texts();
  void open_weights();
  void open_single(const std::filesystem::path& path, bool index_beside);
  void open_shards(const std::filesystem::path& index_path);
  void add_shard(const std::string& location, const std::vector<std::string>& names,
                 const std::filesystem::path& index_path);
  [[noreturn]] void refuse_without_weights() const;
  const SafetensorsFile& weights(std::string_view location) const;

  std::filesystem::path folder_;
  std::string config_text_;
  std::string model_type_;
  std::vector<std::string> architectures_;
  std::optional<std::string> generation_config_text_;
  TokenizerFiles tokenizer_files_;
  std::map<std::string, SafetensorsFile, std::less<>> files_;  // by location
  std::vector<TensorEntry> tensors_;
  std::vector<std::string> warnings_;
};

}  // namespace tessera
