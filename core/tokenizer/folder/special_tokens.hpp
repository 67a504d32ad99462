/// The added tokens of a folder without tokenizer.json: who names them, and which ids they get.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tokenizer/added_vocabulary.hpp"
#include "core/tokenizer/folder/settings.hpp"

namespace tessera::tokenizer {

/// A model's vocabulary, as the numbering of added tokens needs it.
struct VocabularyIds {
  std::unordered_map<std::string, int64_t> ids;
  int64_t size = 0;  ///< number of tokens: the next free id, holes or not
};

/// What the files say, as transformers 5 reads them: tokenizer_config.json; without its key
/// `added_tokens_decoder` also special_tokens_map.json, which wins, and added_tokens.json.
class FolderSpecialTokens {
 public:
  /// Throws Error kCorruptData with file and key.
  explicit FolderSpecialTokens(const FolderSettings& settings);

  /// The token of a name that no file mentions.
  void set_default(std::string_view name, std::string_view content);
  /// Null when the files do not name it, or say null.
  const AddedToken* find(std::string_view name) const;
  /// As `find`; throws Error kCorruptData when there is none.
  const AddedToken& at(std::string_view name) const;

  /// `added_tokens_decoder`, or added_tokens.json.
  std::map<int64_t, AddedToken>& by_id() { return by_id_; }
  /// Takes the place of `additional_special_tokens` of special_tokens_map.json. Counts only if
  /// tokenizer_config.json has no further special tokens of its own, as in transformers.
  void set_additional(std::vector<AddedToken> tokens) { additional_ = std::move(tokens); }

  /// All of them with their ids, in the order of the ids: those of `by_id`, the named ones, the further ones.
  /// A token that the vocabulary has keeps its id, another one gets the next free id, whatever the files say;
  /// both as the tokenizers library numbers them.
  std::vector<AddedToken> numbered(const VocabularyIds& vocabulary) const;

 private:
  struct Named {
    std::string name;
    std::optional<AddedToken> token;  // nullopt: the file says null
  };

  void read_special_tokens(const JsonNode& root, bool is_map);
  void read_extra(const JsonNode& node, bool is_map);
  void read_added_tokens_json(const JsonNode& root);
  void set(std::string_view name, std::optional<AddedToken> token);
  std::vector<AddedToken> in_order() const;
  bool is_named(std::string_view content) const;

  std::vector<Named> named_;  // the seven of every tokenizer first
  std::optional<std::vector<AddedToken>> extra_, additional_;
  std::map<int64_t, AddedToken> by_id_;
  std::string file_;  // tokenizer_config.json, for messages
};

}  // namespace tessera::tokenizer
