#include "core/tokenizer/model/wordpiece.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/tokenizer/model/word_cache.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

std::vector<Vocabulary::Entry> continuations(const WordPieceConfig& config) {
  const std::string_view prefix = config.continuing_subword_prefix;
  std::vector<Vocabulary::Entry> entries;
  for (const Vocabulary::Entry& entry : config.vocab) {
    if (entry.token.substr(0, prefix.size()) == prefix)
      entries.push_back({entry.token.substr(prefix.size()), entry.id});
  }
  return entries;
}

size_t longest(const std::vector<Vocabulary::Entry>& entries) {
  size_t length = 0;
  for (const Vocabulary::Entry& entry : entries) length = std::max(length, entry.token.size());
  return length;
}

}  // namespace

WordPiece::WordPiece(const WordPieceConfig& config)
    : Model(Vocabulary(config.vocab)),
      unk_token_(config.unk_token),
      max_input_chars_per_word_(config.max_input_chars_per_word),
      longest_start_(longest(config.vocab)),
      cache_owner_(WordCache::new_owner()) {
  const std::vector<Vocabulary::Entry> entries = continuations(config);
  longest_continuation_ = longest(entries);
  continuations_ = Vocabulary(entries);
}

void WordPiece::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  if (!WordCache::takes(piece)) return tokenize_word(piece, out);
  WordCache::Entry& entry = WordCache::of_this_thread().entry(cache_owner_, piece);
  if (WordCache::holds(entry, cache_owner_, piece)) {
    out.insert(out.end(), entry.token, entry.token + entry.tokens);
    return;
  }
  const size_t from = out.size();
  tokenize_word(piece, out);
  WordCache::store(entry, cache_owner_, piece, std::span(out).subspan(from));
}

void WordPiece::tokenize_word(std::string_view word, std::vector<ModelToken>& out) const {
  const size_t from = out.size();
  const auto whole_is_unknown = [&] {
    out.resize(from);
    out.push_back({unknown_id(), static_cast<uint32_t>(word.size()), 0, 0});
  };
  if (count_code_points(word) > max_input_chars_per_word_) return whole_is_unknown();
  for (size_t at = 0; at < word.size();) {
    uint32_t id = 0;
    const size_t length = longest_token(word, at, id);
    if (length == 0) return whole_is_unknown();
    out.push_back({id, static_cast<uint32_t>(length), 0, 0});
    at += length;
  }
}

size_t WordPiece::longest_token(std::string_view word, size_t at, uint32_t& id) const noexcept {
  const Vocabulary& tokens = at == 0 ? vocabulary_ : continuations_;
  size_t end = std::min(word.size(), at + (at == 0 ? longest_start_ : longest_continuation_));
  while (end < word.size() && end > at && is_utf8_continuation(word[end])) --end;
  while (end > at) {
    if (const auto found = tokens.find(word.substr(at, end - at))) {
      id = *found;
      return end - at;
    }
    end = previous_utf8(word, end);
  }
  return 0;
}

uint32_t WordPiece::unknown_id() const {
  if (const auto id = vocabulary_.find(unk_token_)) return *id;
  throw Error(
      ErrorCode::kCorruptData,
      fmt::format("the text needs the unknown token '{}', which is not in the vocabulary", unk_token_))
      .key("model.unk_token");
}

}  // namespace tessera::tokenizer
