#include "core/tokenizer/model/unigram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/tokenizer/model/word_cache.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

constexpr double kUnknownPenalty = 10;

std::vector<Vocabulary::Entry> entries_of(const UnigramConfig& config) {
  std::vector<Vocabulary::Entry> entries;
  for (size_t id = 0; id < config.vocab.size(); ++id) {
    entries.push_back({config.vocab[id].first, static_cast<int64_t>(id)});
  }
  return entries;
}

std::vector<std::pair<std::string_view, uint32_t>> tokens_of(const UnigramConfig& config) {
  std::vector<std::pair<std::string_view, uint32_t>> tokens;
  for (size_t id = 0; id < config.vocab.size(); ++id) {
    tokens.emplace_back(config.vocab[id].first, static_cast<uint32_t>(id));
  }
  return tokens;
}

double lowest_score(const UnigramConfig& config) {
  double lowest = std::numeric_limits<double>::infinity();
  for (const auto& [token, score] : config.vocab) lowest = std::min(lowest, score);
  return lowest;
}

}  // namespace

Unigram::Unigram(const UnigramConfig& config)
    : Model(Vocabulary(entries_of(config))),
      tokens_(tokens_of(config)),
      unk_id_(config.unk_id),
      byte_fallback_(config.byte_fallback),
      unknown_score_(lowest_score(config) - kUnknownPenalty),
      cache_owner_(WordCache::new_owner()) {
  if (unk_id_ && *unk_id_ >= config.vocab.size()) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("unk_id {} is not in the vocabulary of {} tokens", *unk_id_, config.vocab.size()))
        .key("model.unk_id");
  }
  for (const auto& [token, score] : config.vocab) scores_.push_back(score);
  for (unsigned byte = 0; byte < 256; ++byte) {
    fallback_symbols_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte)).value_or(kNone);
  }
}

void Unigram::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
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

/// Viterbi: steps[i] is the best way to byte i. Of equal scores the first found stays.
std::vector<Unigram::Step> Unigram::best_steps(std::string_view text) const {
  std::vector<Step> steps(text.size() + 1);
  const auto offer = [&](size_t begin, size_t end, double score, uint32_t id) {
    Step& step = steps[end];
    if (step.begin != kNone && score <= step.score) return;
    step = {score, static_cast<uint32_t>(begin), id};
  };
  for (size_t at = 0; at < text.size();) {
    const size_t character = utf8_length(static_cast<unsigned char>(text[at]));
    const double score_here = steps[at].score;
    bool has_character = false;
    tokens_.for_each_prefix(text.substr(at), [&](size_t length, uint32_t id) {
      offer(at, at + length, scores_[id] + score_here, id);
      has_character |= length == character;
    });
    if (!has_character) offer(at, at + character, unknown_score_ + score_here, unknown_id());
    at += character;
  }
  return steps;
}

void Unigram::tokenize_word(std::string_view word, std::vector<ModelToken>& out) const {
  const std::vector<Step> steps = best_steps(word);
  std::vector<std::pair<size_t, size_t>> path;  // from the end: begin and end of tokens, unknown ones joined
  bool in_unknown = false;
  for (size_t end = word.size(); end > 0; end = steps[end].begin) {
    const bool unknown = steps[end].id == unk_id_;
    if (unknown && in_unknown) {
      path.back().first = steps[end].begin;
    } else {
      path.emplace_back(steps[end].begin, end);
    }
    in_unknown = unknown;
  }
  for (auto part = path.rbegin(); part != path.rend(); ++part) {
    const std::string_view token = word.substr(part->first, part->second - part->first);
    if (steps[part->second].id == unk_id_) {
      add_unknown(token, out);
    } else {
      out.push_back({steps[part->second].id, static_cast<uint32_t>(token.size()), 0, 0});
    }
  }
}

/// The text of unknown characters may itself be a token: the unknown token, written out.
void Unigram::add_unknown(std::string_view text, std::vector<ModelToken>& out) const {
  const auto length = static_cast<uint32_t>(text.size());
  if (const auto id = vocabulary_.find(text)) {
    out.push_back({*id, length, 0, 0});
    return;
  }
  const auto fallback = [this](char byte) { return fallback_symbols_[static_cast<unsigned char>(byte)]; };
  if (!byte_fallback_ ||
      std::any_of(text.begin(), text.end(), [&](char byte) { return fallback(byte) == kNone; })) {
    out.push_back({unknown_id(), length, 1, 0});
    return;
  }
  for (const char byte : text) out.push_back({fallback(byte), length, 0, 1});
  out.back().shared = 0;
}

uint32_t Unigram::unknown_id() const {
  if (unk_id_) return *unk_id_;
  throw Error(ErrorCode::kCorruptData,
              "the text has a character that is not in the vocabulary, and there is no unk_id")
      .key("model.unk_id");
}

}  // namespace tessera::tokenizer
