#include "core/tokenizer/added_vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

bool stands_alone(std::string_view text, size_t begin, size_t end) noexcept {
  const bool word_before =
      begin > 0 && is_word_character(decode_utf8(text, previous_utf8(text, begin)).value);
  const bool word_behind = end < text.size() && is_word_character(decode_utf8(text, end).value);
  return !word_before && !word_behind;
}

size_t skip_space_backwards(std::string_view text, size_t begin) noexcept {
  while (begin > 0) {
    const size_t previous = previous_utf8(text, begin);
    if (!is_whitespace(decode_utf8(text, previous).value)) break;
    begin = previous;
  }
  return begin;
}

size_t skip_space(std::string_view text, size_t end) noexcept {
  while (end < text.size()) {
    const CodePoint c = decode_utf8(text, end);
    if (!is_whitespace(c.value)) break;
    end += c.length;
  }
  return end;
}

/// What a token looks for, and what it decodes to.
std::string normalized_content(const AddedToken& token, const Normalizer* normalizer) {
  if (!token.normalized || !normalizer) return token.content;
  AlignedText text(token.content, 0, Tracking::kOff);
  normalizer->normalize(text);
  return std::string(text.text());
}

std::vector<Vocabulary::Entry> entries_of(const std::vector<AddedTokenMatcher::Pattern>& patterns) {
  std::vector<Vocabulary::Entry> entries;
  for (size_t i = patterns.size();
       i-- > 0;) {  // of equal texts the last entry counts, and shall be the first pattern
    entries.push_back({patterns[i].text, static_cast<int64_t>(i)});
  }
  return entries;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<Pattern> patterns)
    : patterns_(std::move(patterns)), texts_(entries_of(patterns_)) {
  for (const Pattern& pattern : patterns_) {
    lengths_by_byte_[static_cast<unsigned char>(pattern.text[0])].push_back(
        static_cast<uint32_t>(pattern.text.size()));
  }
  for (auto& lengths : lengths_by_byte_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
}

std::optional<uint32_t> AddedTokenMatcher::longest_match(std::string_view text, size_t at) const noexcept {
  for (const uint32_t length : lengths_by_byte_[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    if (const auto index = texts_.find(text.substr(at, length))) return index;
  }
  return std::nullopt;
}

void AddedTokenMatcher::split(std::string_view text, std::vector<Part>& parts) const {
  size_t done = 0;
  const auto add = [&](size_t begin, size_t end, const AddedToken* token) {
    parts.push_back({{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, token});
  };
  for (size_t at = patterns_.empty() ? text.size() : 0; at < text.size();) {
    const auto index = longest_match(text, at);
    if (!index) {
      ++at;
      continue;
    }
    const AddedToken& token = patterns_[*index].token;
    size_t begin = at, end = at + patterns_[*index].text.size();
    at = end;  // also past a match that is then refused
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip) begin = std::max(skip_space_backwards(text, begin), done);
    if (token.rstrip) end = skip_space(text, end);
    if (done < begin) add(done, begin, nullptr);
    if (begin < end) add(begin, end, &token);  // else all of it is white space that the last token has taken
    done = end;
  }
  if (done < text.size()) add(done, text.size(), nullptr);
}

AddedVocabulary::AddedVocabulary(const std::vector<AddedToken>& tokens, const Vocabulary& model,
                                 const Normalizer* normalizer)
    : raw_(patterns(tokens, false, normalizer)), normalized_(patterns(tokens, true, normalizer)) {
  std::unordered_set<std::string> specials;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const AddedToken& token = tokens[i];
    if (token.content.empty()) continue;
    const auto in_model = model.find(token.content);
    const auto known = by_content_.find(token.content);
    int64_t expected = std::max<int64_t>(id_limit_, model.size());
    if (in_model) expected = *in_model;
    if (known != by_content_.end()) expected = known->second;
    if (token.id != expected) {
      throw Error(
          ErrorCode::kCorruptData,
          fmt::format("added token '{}' has id {}, expected {} ({})", token.content, token.id, expected,
                      in_model ? "its id in the vocabulary of the model" : "the next free id"))
          .key(fmt::format("added_tokens[{}].id", i));
    }
    if (!in_model && known == by_content_.end()) ++new_tokens_;
    by_content_[token.content] = token.id;
    by_id_[token.id] = token;
    if (token.special) specials.insert(token.content);
    id_limit_ = std::max(id_limit_, token.id + 1);
  }
  for (const auto& [id, token] : by_id_) {
    std::string text = normalized_content(token, normalizer);
    const bool special = specials.count(text) > 0;
    decoded_[id] = {std::move(text), special};
  }
}

/// Special tokens come first: of equal texts they win.
std::vector<AddedTokenMatcher::Pattern> AddedVocabulary::patterns(const std::vector<AddedToken>& tokens,
                                                                  bool normalized,
                                                                  const Normalizer* normalizer) {
  std::vector<AddedTokenMatcher::Pattern> patterns;
  for (const bool special : {true, false}) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const AddedToken& token = tokens[i];
      if (token.special != special || token.normalized != normalized || token.content.empty()) continue;
      std::string text = normalized_content(token, normalizer);
      if (text.empty()) {
        throw Error(ErrorCode::kNotSupported,
                    fmt::format("added token '{}' is empty after normalization", token.content))
            .key(fmt::format("added_tokens[{}]", i));
      }
      patterns.push_back({std::move(text), token});
    }
  }
  return patterns;
}

const AddedToken* AddedVocabulary::find(std::string_view content) const noexcept {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : find(found->second);
}

const AddedVocabulary::Decoded* AddedVocabulary::decoded(int64_t id) const noexcept {
  const auto found = decoded_.find(id);
  return found == decoded_.end() ? nullptr : &found->second;
}

const AddedToken* AddedVocabulary::find(int64_t id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace tessera::tokenizer
