/// LlamaTokenizer: takes only the pieces of tokenizer.model; everything else is its own.
#include <boost/json.hpp>

#include "core/tokenizer/folder/classes.hpp"
#include "core/tokenizer/folder/piece_merges.hpp"
#include "core/tokenizer/folder/piece_tokens.hpp"
#include "core/tokenizer/folder/post_processor.hpp"

namespace tessera::tokenizer {
namespace {

namespace json = boost::json;

/// A piece's rank is its id, whatever its score and type.
json::object model_block(const std::vector<Piece>& pieces, VocabularyIds& vocabulary) {
  json::object vocab;
  vocab.reserve(pieces.size());
  std::vector<std::string_view> texts;
  for (size_t id = 0; id < pieces.size(); ++id) {
    vocab[pieces[id].text] = static_cast<int64_t>(id);
    vocabulary.ids[pieces[id].text] = static_cast<int64_t>(id);
    texts.push_back(pieces[id].text);
  }
  vocabulary.size = static_cast<int64_t>(vocabulary.ids.size());
  json::array merges;
  for (const auto& [left, right] : piece_merges(texts))
    merges.push_back({json::string(left), json::string(right)});
  return {{"type", "BPE"},
          {"fuse_unk", true},
          {"byte_fallback", true},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

json::object metaspace(const FolderSettings& settings, bool prefix) {
  const bool legacy = settings.boolean_or("legacy", false);
  const char* scheme = !prefix ? "never" : legacy ? "always" : "first";
  return {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", false}};
}

json::object decoder(bool prefix) {
  json::array decoders{{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
                       {{"type", "ByteFallback"}},
                       {{"type", "Fuse"}}};
  if (prefix) decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
}

}  // namespace

json::object llama_tokenizer(const FolderSettings& settings) {
  const SentencePieceModel model = read_sentencepiece_model(settings.folder() / "tokenizer.model");
  FolderSpecialTokens special(settings);
  special.set_default("bos_token", "<s>");
  special.set_default("eos_token", "</s>");
  special.set_default("unk_token", "<unk>");
  special.set_additional(added_pieces(model.pieces, true));
  VocabularyIds vocabulary;
  json::object bpe = model_block(model.pieces, vocabulary);
  const std::vector<AddedToken> tokens = special.numbered(vocabulary);
  const bool prefix = settings.boolean_or("add_prefix_space", true);
  return {{"added_tokens", added_tokens_block(tokens)},
          {"pre_tokenizer", metaspace(settings, prefix)},
          {"post_processor", begin_end_template(settings, special, tokens)},
          {"decoder", decoder(prefix)},
          {"model", std::move(bpe)}};
}

}  // namespace tessera::tokenizer
