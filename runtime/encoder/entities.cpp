#include "runtime/encoder/entities.hpp"

#include <algorithm>

#include "core/tokenizer/text/utf8.hpp"
#include "runtime/encoder/code_points.hpp"

namespace tessera {
namespace {

using Strategy = AggregationStrategy;

/// A token, or a word of several, with one label.
struct Part {
  std::vector<int64_t> ids;
  std::string entity;
  std::string word;  // of a single token
  float score = 0;
  int64_t index = -1, start = 0, end = 0;
};

struct TokenPart {
  Part part;
  const std::vector<float>* scores = nullptr;
  bool is_subword = false;
};

class Finder {
 public:
  Finder(const EntityContext& context, const std::string& text) : c_(context), points_(text) {}

  std::vector<Entity> find(const Encoding& encoding, const std::vector<std::vector<float>>& scores) const {
    const std::vector<TokenPart> tokens = token_parts(encoding, scores);
    const Strategy strategy = c_.options.aggregation_strategy;
    std::vector<Part> parts;
    if (strategy == Strategy::kNone || strategy == Strategy::kSimple) {
      for (const TokenPart& token : tokens) parts.push_back(labelled(token.part, *token.scores));
    } else {
      parts = words(tokens);
    }
    return strategy == Strategy::kNone ? as_tokens(parts) : as_groups(parts);
  }

 private:
  std::vector<TokenPart> token_parts(const Encoding& encoding,
                                     const std::vector<std::vector<float>>& scores) const {
    std::vector<TokenPart> tokens;
    for (size_t i = 0; i < encoding.ids.size(); ++i) {
      if (encoding.special_tokens_mask[i] != 0) continue;
      TokenPart token;
      token.scores = &scores[i];
      Part& part = token.part;
      part.ids = {encoding.ids[i]};
      part.index = static_cast<int64_t>(i);
      part.start = encoding.offsets[i].first;
      part.end = encoding.offsets[i].second;
      part.word = encoding.tokens[i];
      token.is_subword = is_subword(part);
      if (encoding.ids[i] == c_.unknown_id) {
        part.word = points_.slice(part.start, part.end);
        token.is_subword = false;
      }
      tokens.push_back(std::move(token));
    }
    return tokens;
  }

  bool is_subword(const Part& part) const {
    if (c_.has_subword_prefix) {
      return static_cast<int64_t>(tokenizer::count_code_points(part.word)) != part.end - part.start;
    }
    return part.start > 0 &&
           points_.slice(part.start - 1, part.start + 1).find(' ') == std::string_view::npos;
  }

  Part labelled(Part part, const std::vector<float>& scores) const {
    const auto best = std::max_element(scores.begin(), scores.end());
    part.entity = c_.labels[static_cast<size_t>(best - scores.begin())];
    part.score = *best;
    return part;
  }

  std::vector<Part> words(const std::vector<TokenPart>& tokens) const {
    std::vector<Part> parts;
    for (size_t begin = 0, end = 0; begin < tokens.size(); begin = end) {
      end = begin + 1;
      while (end < tokens.size() && tokens[end].is_subword) ++end;
      Part word = labelled({}, word_scores(tokens, begin, end));
      for (size_t i = begin; i < end; ++i) word.ids.push_back(tokens[i].part.ids[0]);
      word.start = tokens[begin].part.start;
      word.end = tokens[end - 1].part.end;
      parts.push_back(std::move(word));
    }
    return parts;
  }

  std::vector<float> word_scores(const std::vector<TokenPart>& tokens, size_t begin, size_t end) const {
    const auto largest = [](const TokenPart& token) {
      return *std::max_element(token.scores->begin(), token.scores->end());
    };
    if (c_.options.aggregation_strategy == Strategy::kFirst) return *tokens[begin].scores;
    if (c_.options.aggregation_strategy == Strategy::kMax) {
      size_t best = begin;
      for (size_t i = begin; i < end; ++i) best = largest(tokens[i]) > largest(tokens[best]) ? i : best;
      return *tokens[best].scores;
    }
    std::vector<float> mean(c_.labels.size());
    for (size_t label = 0; label < mean.size(); ++label) {
      double sum = 0;
      for (size_t i = begin; i < end; ++i) sum += (*tokens[i].scores)[label];
      mean[label] = static_cast<float>(sum / static_cast<double>(end - begin));
    }
    return mean;
  }

  bool is_ignored(const std::string& label) const {
    const std::vector<std::string>& ignored = c_.options.ignore_labels;
    return std::find(ignored.begin(), ignored.end(), label) != ignored.end();
  }

  std::vector<Entity> as_tokens(const std::vector<Part>& parts) const {
    std::vector<Entity> entities;
    for (const Part& part : parts) {
      if (is_ignored(part.entity)) continue;
      entities.push_back({part.entity, part.score, part.index, part.word, part.start, part.end});
    }
    return entities;
  }

  /// "B-PER" -> begins, "PER"; without a prefix a label goes on what stands before it.
  static std::pair<bool, std::string> tag_of(const std::string& label) {
    if (label.rfind("B-", 0) == 0) return {true, label.substr(2)};
    if (label.rfind("I-", 0) == 0) return {false, label.substr(2)};
    return {false, label};
  }

  std::vector<Entity> as_groups(const std::vector<Part>& parts) const {
    std::vector<Entity> entities;
    for (size_t begin = 0, end = 0; begin < parts.size(); begin = end) {
      const std::string tag = tag_of(parts[begin].entity).second;
      double sum = 0;
      std::vector<int64_t> ids;
      do {
        sum += parts[end].score;
        ids.insert(ids.end(), parts[end].ids.begin(), parts[end].ids.end());
        ++end;
      } while (end < parts.size() && tag_of(parts[end].entity) == std::pair(false, tag));
      // The library cuts the first label at its first '-', prefix or not.
      const std::string& label = parts[begin].entity;
      const std::string group = label.substr(label.find('-') + 1);
      if (is_ignored(group)) continue;
      const auto score = static_cast<float>(sum / static_cast<double>(end - begin));
      entities.push_back(
          {group, score, -1, text_of(ids, parts, begin, end), parts[begin].start, parts[end - 1].end});
    }
    return entities;
  }

  /// The tokens decoded; an unknown one stands as it stands in the text.
  std::string text_of(const std::vector<int64_t>& ids, const std::vector<Part>& parts, size_t begin,
                      size_t end) const {
    if (std::find(ids.begin(), ids.end(), c_.unknown_id) == ids.end()) return c_.tokenizer.decode(ids, false);
    std::string text;
    for (size_t i = begin; i < end; ++i) {
      const Part& part = parts[i];
      const bool unknown = std::find(part.ids.begin(), part.ids.end(), c_.unknown_id) != part.ids.end();
      if (!text.empty()) text += ' ';
      text +=
          unknown ? std::string(points_.slice(part.start, part.end)) : c_.tokenizer.decode(part.ids, false);
    }
    return text;
  }

  const EntityContext& c_;
  CodePoints points_;
};

}  // namespace

std::vector<Entity> find_entities(const EntityContext& context, const std::string& text,
                                  const Encoding& encoding, const std::vector<std::vector<float>>& scores) {
  return Finder(context, text).find(encoding, scores);
}

}  // namespace tessera
