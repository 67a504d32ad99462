#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/model/bpe.hpp"

namespace tessera::tokenizer {
namespace {

/// Old files leave the type out; it shows in the keys.
std::string_view model_type(const JsonNode& node) {
  if (const auto type = node.find("type")) return type->string();
  if (node.find("merges")) return "BPE";
  if (node.find("continuing_subword_prefix")) return "WordPiece";
  return node.at("type").string();
}

std::vector<Vocabulary::Entry> vocabulary(const JsonNode& node) {
  std::vector<Vocabulary::Entry> entries;
  const auto members = node.integer_members();
  entries.reserve(members.size());
  for (const auto& [token, id] : members) entries.push_back({token, id});
  return entries;
}

BpeConfig bpe_options(const JsonNode& node) {
  BpeConfig config;
  if (const auto dropout = node.find("dropout"); dropout && dropout->number() != 0) {
    dropout->fail_not_supported("dropout makes encoding random, expected null or 0");
  }
  if (const auto unknown = node.find("unk_token")) config.unk_token = unknown->string();
  config.continuing_subword_prefix = node.string_or("continuing_subword_prefix", "");
  config.end_of_word_suffix = node.string_or("end_of_word_suffix", "");
  config.fuse_unk = node.boolean_or("fuse_unk", false);
  config.byte_fallback = node.boolean_or("byte_fallback", false);
  config.ignore_merges = node.boolean_or("ignore_merges", false);
  return config;
}

std::unique_ptr<Model> bpe(const JsonNode& node, BpeInput input) {
  BpeConfig config = bpe_options(node);
  config.vocab = vocabulary(node.at("vocab"));
  config.merges = node.at("merges").string_pairs();
  return std::make_unique<Bpe>(config, input);
}

}  // namespace

bool model_can_take_bytes(const JsonNode& node) {
  return model_type(node) == "BPE" && can_take_bytes(bpe_options(node));
}

std::unique_ptr<Model> model_from_json(const JsonNode& node, BpeInput input) {
  const std::string_view type = model_type(node);
  if (type == "BPE") return bpe(node, input);
  node.fail_not_supported(fmt::format("model '{}' is not implemented", type));
}

}  // namespace tessera::tokenizer
