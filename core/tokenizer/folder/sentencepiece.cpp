/// A SentencePiece model without a tokenizer class of its own: encodes as SentencePiece does, by what its
/// file says (build_tokenizer_from_spm_proto of transformers).
#include <algorithm>
#include <boost/json.hpp>
#include <unordered_set>

#include "core/tokenizer/folder/classes.hpp"
#include "core/tokenizer/folder/piece_merges.hpp"
#include "core/tokenizer/folder/piece_tokens.hpp"
#include "core/tokenizer/folder/post_processor.hpp"
#include "core/tokenizer/text/base64.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

namespace json = boost::json;

constexpr const char* kMark = "▁";

json::object replace(const char* kind, const char* pattern, const char* content) {
  return {{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
}

bool is_bpe(const SentencePieceModel& model) {
  return model.model_type != SentencePieceModel::ModelType::kUnigram;
}

/// `added_tokens_decoder` may give placeholder pieces another text; unless a piece that keeps its own has it.
std::vector<std::string> renamed(const std::vector<Piece>& pieces,
                                 const std::map<int64_t, AddedToken>& names) {
  std::unordered_set<std::string> kept;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (names.count(static_cast<int64_t>(id)) == 0) kept.insert(pieces[id].text);
  }
  std::vector<std::string> texts;
  for (size_t id = 0; id < pieces.size(); ++id) {
    const auto name = names.find(static_cast<int64_t>(id));
    const bool takes = name != names.end() && kept.count(name->second.content) == 0;
    texts.push_back(takes ? name->second.content : pieces[id].text);
  }
  return texts;
}

/// Merges of normal pieces, those of the best score first, of equal scores those of the lower id.
json::array ranked_merges(const std::vector<Piece>& pieces, const std::vector<std::string>& texts) {
  std::vector<size_t> order;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].type == PieceType::kNormal) order.push_back(id);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return pieces[a].score > pieces[b].score; });
  std::vector<std::string_view> normal;
  for (const size_t id : order) normal.push_back(texts[id]);
  json::array merges;
  for (const auto& [left, right] : piece_merges(normal))
    merges.push_back({json::string(left), json::string(right)});
  return merges;
}

json::object bpe_block(const SentencePieceModel& model, const std::vector<std::string>& texts) {
  const bool user_defined = std::any_of(model.pieces.begin(), model.pieces.end(),
                                        [](const Piece& p) { return p.type == PieceType::kUserDefined; });
  json::object vocab;
  vocab.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) vocab[texts[id]] = static_cast<int64_t>(id);
  return {{"type", "BPE"},
          {"unk_token", model.unk_piece},
          {"fuse_unk", true},
          {"byte_fallback", model.byte_fallback},
          {"ignore_merges", user_defined},
          {"vocab", std::move(vocab)},
          {"merges", ranked_merges(model.pieces, texts)}};
}

json::object unigram_block(const SentencePieceModel& model) {
  json::array vocab;
  for (const Piece& piece : model.pieces) vocab.push_back({json::string(piece.text), double{piece.score}});
  return {{"type", "Unigram"},
          {"unk_id", model.unk_id},
          {"byte_fallback", model.byte_fallback},
          {"vocab", std::move(vocab)}};
}

json::object normalizer(const SentencePieceModel& model, bool legacy) {
  json::array steps;
  if (!model.precompiled_charsmap.empty()) {
    steps.push_back(
        {{"type", "Precompiled"}, {"precompiled_charsmap", encode_base64(model.precompiled_charsmap)}});
  }
  if (model.remove_extra_whitespaces) {
    steps.push_back(replace("Regex", "\\A +| +\\z", ""));
    steps.push_back(replace("Regex", " {2,}", " "));
  }
  if (model.escape_whitespaces) steps.push_back(replace("String", " ", kMark));
  // Metaspace adds no mark to a text that starts with one, SentencePiece does.
  if (model.add_dummy_prefix && legacy) steps.push_back(replace("Regex", "\\A▁", "▁▁"));
  return {{"type", "Sequence"}, {"normalizers", std::move(steps)}};
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kMeaning = R"(()[]{}?*+-|^$\.&~#)";
  std::string pattern;
  for (const char c : text) {
    if (kMeaning.find(c) != kMeaning.npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// User-defined pieces as a pattern, longer ones first; empty without any.
std::string user_defined_pattern(const std::vector<Piece>& pieces, const std::vector<std::string>& texts) {
  std::vector<std::string_view> list;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].type == PieceType::kUserDefined) list.push_back(texts[id]);
  }
  std::stable_sort(list.begin(), list.end(), [](std::string_view a, std::string_view b) {
    return count_code_points(a) > count_code_points(b);
  });
  std::string pattern;
  for (const std::string_view text : list) pattern += (pattern.empty() ? "" : "|") + escaped(text);
  return pattern;
}

json::value pre_tokenizer(const SentencePieceModel& model, const std::vector<std::string>& texts,
                          bool legacy) {
  json::array steps;
  if (model.add_dummy_prefix) {
    steps.push_back({{"type", "Metaspace"},
                     {"replacement", kMark},
                     {"prepend_scheme", legacy ? "always" : "first"},
                     {"split", false}});
  }
  if (const std::string pattern = user_defined_pattern(model.pieces, texts); !pattern.empty()) {
    steps.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  }
  if (steps.empty()) return nullptr;
  return json::object{{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

json::object decoder(const SentencePieceModel& model) {
  json::array steps{replace("String", kMark, " ")};
  if (model.byte_fallback) steps.push_back(json::object{{"type", "ByteFallback"}});
  if (model.add_dummy_prefix || model.byte_fallback) steps.push_back(json::object{{"type", "Fuse"}});
  if (model.add_dummy_prefix)
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

VocabularyIds ids_of(const std::vector<std::string>& texts) {
  VocabularyIds vocabulary;
  for (size_t id = 0; id < texts.size(); ++id) vocabulary.ids[texts[id]] = static_cast<int64_t>(id);
  vocabulary.size = static_cast<int64_t>(vocabulary.ids.size());
  return vocabulary;
}

FolderSpecialTokens special_tokens(const FolderSettings& settings, const SentencePieceModel& model) {
  FolderSpecialTokens special(settings);
  special.set_additional(added_pieces(model.pieces, false));
  // Found in the raw text, so that what stands between two of them gets a dummy prefix of its own.
  if (model.add_dummy_prefix) {
    for (auto& [id, token] : special.by_id()) token.normalized = false;
  }
  const auto or_default = [](const std::string& piece, const char* otherwise) {
    return piece.empty() ? std::string(otherwise) : piece;
  };
  if (model.bos_id >= 0) special.set_default("bos_token", or_default(model.bos_piece, "<s>"));
  if (model.eos_id >= 0) special.set_default("eos_token", or_default(model.eos_piece, "</s>"));
  if (model.unk_id >= 0) special.set_default("unk_token", or_default(model.unk_piece, "<unk>"));
  return special;
}

}  // namespace

json::object sentencepiece_tokenizer(const FolderSettings& settings) {
  const SentencePieceModel model = read_sentencepiece_model(settings.folder() / "tokenizer.model");
  const bool legacy = settings.boolean_or("legacy", true);
  FolderSpecialTokens special = special_tokens(settings, model);
  const std::vector<std::string> texts =
      renamed(model.pieces, is_bpe(model) ? special.by_id() : std::map<int64_t, AddedToken>{});
  const std::vector<AddedToken> tokens = special.numbered(ids_of(texts));
  return {{"added_tokens", added_tokens_block(tokens)},
          {"normalizer", normalizer(model, legacy)},
          {"pre_tokenizer", pre_tokenizer(model, texts, legacy)},
          {"post_processor", begin_end_template(settings, special, tokens)},
          {"decoder", decoder(model)},
          {"model", is_bpe(model) ? bpe_block(model, texts) : unigram_block(model)}};
}

}  // namespace tessera::tokenizer
