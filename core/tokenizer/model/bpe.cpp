#include "core/tokenizer/model/bpe.hpp"

#include <fmt/format.h>

#include "core/tokenizer/model/merge.hpp"
#include "core/tokenizer/model/word_cache.hpp"
#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581, what SentencePiece writes for a space

uint32_t merge_part(const Vocabulary& vocabulary, std::string_view token, size_t merge_index) {
  if (const auto id = vocabulary.find(token)) return *id;
  throw Error(
      ErrorCode::kCorruptData,
      fmt::format("merge {} refers to token '{}', which is not in the vocabulary", merge_index, token))
      .key(fmt::format("model.merges[{}]", merge_index));
}

/// The vocabulary under raw bytes: of its tokens those that are written in the byte alphabet.
std::unique_ptr<Vocabulary> vocabulary_of_bytes(const Vocabulary& vocabulary) {
  std::vector<std::string> bytes(vocabulary.id_limit());
  std::vector<Vocabulary::Entry> entries;
  for (uint32_t id = 0; id < vocabulary.id_limit(); ++id) {
    const auto token = vocabulary.token(id);
    if (!token) continue;
    if (auto raw = bytes_of_text(*token)) {
      bytes[id] = std::move(*raw);
      entries.push_back({bytes[id], id});
    }
  }
  return std::make_unique<Vocabulary>(entries);
}

/// Whether a mark stands in the text behind another character than a mark.
bool has_inner_mark(std::string_view token) noexcept {
  for (size_t at = token.find(kMark); at != token.npos; at = token.find(kMark, at + kMark.size())) {
    if (at != 0 && (at < kMark.size() || token.substr(at - kMark.size(), kMark.size()) != kMark)) return true;
  }
  return false;
}

}  // namespace

bool can_take_bytes(const BpeConfig& config) noexcept {
  return config.continuing_subword_prefix.empty() && config.end_of_word_suffix.empty() &&
         !config.byte_fallback;
}

Bpe::Bpe(const BpeConfig& config, BpeInput input)
    : Model(Vocabulary(config.vocab)),
      input_(input),
      unk_token_(config.unk_token),
      continuing_subword_prefix_(config.continuing_subword_prefix),
      end_of_word_suffix_(config.end_of_word_suffix),
      fuse_unk_(config.fuse_unk),
      byte_fallback_(config.byte_fallback),
      ignore_merges_(config.ignore_merges),
      merges_(config.merges.size()),
      cache_owner_(WordCache::new_owner()) {
  find_initial_symbols();
  read_merges(config);
  if (input_ == BpeInput::kBytes && ignore_merges_) byte_pieces_ = vocabulary_of_bytes(vocabulary_);
}

void Bpe::find_initial_symbols() {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string symbol;
    if (input_ == BpeInput::kBytes) append_utf8(symbol, kByteToCharacter[byte]);
    if (input_ == BpeInput::kText && byte < 0x80) symbol += static_cast<char>(byte);
    first_symbols_[byte] = symbol.empty() ? kNoId : vocabulary_.find(symbol).value_or(kNoId);
    fallback_symbols_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte)).value_or(kNoId);
  }
}

void Bpe::read_merges(const BpeConfig& config) {
  const size_t prefix = continuing_subword_prefix_.size();
  std::vector<uint32_t> merged_ids;
  merged_ids.reserve(config.merges.size());
  std::string merged;
  for (size_t i = 0; i < config.merges.size(); ++i) {
    const auto& [left, right] = config.merges[i];
    const uint32_t left_id = merge_part(vocabulary_, left, i);
    const uint32_t right_id = merge_part(vocabulary_, right, i);
    merged = left;
    if (right.size() >= prefix) merged += right.substr(prefix);
    merged_ids.push_back(merge_part(vocabulary_, merged, i));
    merges_.insert(left_id, right_id, {static_cast<uint32_t>(i), merged_ids.back()});
  }
  decide_cut_before_mark(merged_ids);
}

/// Without a pre-tokenizer (Llama 2) a piece is the whole text. Where no merge makes a token with a mark
/// behind another character, no merge ever crosses the border before a mark, so the text can be cut there
/// into words, which are short and repeat. The mark itself must be known: else it could fuse with an unknown
/// neighbour.
void Bpe::decide_cut_before_mark(const std::vector<uint32_t>& merged_ids) {
  if (input_ == BpeInput::kBytes || !continuing_subword_prefix_.empty() || !end_of_word_suffix_.empty())
    return;
  if (!vocabulary_.find(kMark)) return;
  for (uint32_t id : merged_ids) {
    if (has_inner_mark(*vocabulary_.token(id))) return;
  }
  cut_before_mark_ = true;
}

std::optional<uint32_t> Bpe::find_piece(std::string_view piece) const noexcept {
  return byte_pieces_ ? byte_pieces_->find(piece) : vocabulary_.find(piece);
}

uint32_t Bpe::unknown_id() const {
  if (const auto id = vocabulary_.find(*unk_token_)) return *id;
  throw Error(
      ErrorCode::kCorruptData,
      fmt::format("the text needs the unknown token '{}', which is not in the vocabulary", *unk_token_))
      .key("model.unk_token");
}

size_t Bpe::word_end(std::string_view piece, size_t begin) const noexcept {
  if (!cut_before_mark_) return piece.size();
  size_t end = begin;
  while (piece.compare(end, kMark.size(), kMark) == 0) end += kMark.size();
  return std::min(piece.find(kMark, end), piece.size());
}

void Bpe::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  for (size_t begin = 0; begin < piece.size();) {
    // The whole piece is looked up even where it is cut: ignore_merges speaks of the piece, not of its words.
    if (begin == 0 && ignore_merges_) {
      if (const auto id = find_piece(piece)) {
        out.push_back({*id, static_cast<uint32_t>(piece.size()), 0, 0});
        return;
      }
    }
    const size_t end = word_end(piece, begin);
    tokenize_word(piece.substr(begin, end - begin), out);
    begin = end;
  }
}

void Bpe::tokenize_word(std::string_view word, std::vector<ModelToken>& out) const {
  WordCache::Entry* entry = nullptr;
  if (WordCache::takes(word)) {
    entry = &WordCache::of_this_thread().entry(cache_owner_, word);
    if (WordCache::holds(*entry, cache_owner_, word)) {
      out.insert(out.end(), entry->token, entry->token + entry->tokens);
      return;
    }
  }
  const size_t from = out.size();
  add_characters(word, out);
  merge_symbols(merges_, out, from);
  if (entry) WordCache::store(*entry, cache_owner_, word, std::span(out).subspan(from));
}

/// The symbols before any merge: one a character (or byte) that the vocabulary has, else its bytes, else
/// unknown. An unknown symbol waits for its neighbours, and known bytes pass it by, as they do in Hugging
/// Face's code.
void Bpe::add_characters(std::string_view word, std::vector<ModelToken>& symbols) const {
  const bool plain = continuing_subword_prefix_.empty() && end_of_word_suffix_.empty();
  std::string affixed;
  std::optional<ModelToken> unknown;
  for (size_t at = 0; at < word.size();) {
    const auto lead = static_cast<unsigned char>(word[at]);
    const size_t length = input_ == BpeInput::kBytes ? 1 : utf8_length(lead);
    std::string_view character = word.substr(at, length);
    uint32_t id = first_symbols_[lead];
    if (!plain) {
      affixed = at == 0 ? "" : continuing_subword_prefix_;
      affixed += character;
      if (at + length == word.size()) affixed += end_of_word_suffix_;
      character = affixed;
    }
    if (!plain || length > 1) id = vocabulary_.find(character).value_or(kNoId);
    at += length;
    if (id != kNoId) {
      if (unknown) symbols.push_back(*unknown);
      unknown.reset();
      symbols.push_back({id, static_cast<uint32_t>(length), 0, 0});
    } else if (!(byte_fallback_ && add_fallback_bytes(character, symbols)) && unk_token_) {
      if (unknown && fuse_unk_) {
        unknown->length += static_cast<uint32_t>(length);
        continue;
      }
      if (unknown) symbols.push_back(*unknown);
      unknown = ModelToken{unknown_id(), static_cast<uint32_t>(length), 0, 0};
    }
  }
  if (unknown) symbols.push_back(*unknown);
}

bool Bpe::add_fallback_bytes(std::string_view character, std::vector<ModelToken>& symbols) const {
  for (const char byte : character) {
    if (fallback_symbols_[static_cast<unsigned char>(byte)] == kNoId) return false;
  }
  for (const char byte : character)
    symbols.push_back({fallback_symbols_[static_cast<unsigned char>(byte)], 1, 0, 0});
  return true;
}

}  // namespace tessera::tokenizer
