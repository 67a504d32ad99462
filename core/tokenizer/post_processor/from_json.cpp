#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/post_processor/bert.hpp"
#include "core/tokenizer/post_processor/byte_level.hpp"
#include "core/tokenizer/post_processor/roberta.hpp"
#include "core/tokenizer/post_processor/sequence.hpp"
#include "core/tokenizer/post_processor/template.hpp"

namespace tessera::tokenizer {
namespace {

using Piece = TemplateProcessing::Piece;

uint32_t type_id_from_json(const JsonNode& node) {
  const int64_t id = node.integer();
  if (id < 0 || id > UINT32_MAX) node.fail(fmt::format("type id {} is out of range", id));
  return static_cast<uint32_t>(id);
}

Piece text_piece(const JsonNode& node) {
  const JsonNode id = node.at("id");
  if (id.string() != "A" && id.string() != "B")
    id.fail(fmt::format("unknown text '{}', expected A or B", id.string()));
  return {id.string() == "A" ? Piece::kFirstText : Piece::kSecondText,
          type_id_from_json(node.at("type_id")),
          {},
          {}};
}

Piece special_piece(const JsonNode& node, const JsonNode& special_tokens) {
  const JsonNode name = node.at("id");
  const auto special = special_tokens.find(name.string());
  if (!special) name.fail(fmt::format("special token '{}' is not among special_tokens", name.string()));
  Piece piece{Piece::kSpecialToken, type_id_from_json(node.at("type_id")), {}, {}};
  for (const JsonNode& id : special->at("ids").elements()) piece.ids.push_back(id.integer());
  for (const JsonNode& token : special->at("tokens").elements()) piece.tokens.emplace_back(token.string());
  if (piece.ids.size() != piece.tokens.size()) {
    special->fail(fmt::format("has {} ids and {} tokens", piece.ids.size(), piece.tokens.size()));
  }
  return piece;
}

std::vector<Piece> pieces(const JsonNode& node, const JsonNode& special_tokens) {
  std::vector<Piece> pieces;
  for (const JsonNode& element : node.elements()) {
    if (const auto text = element.find("Sequence")) {
      pieces.push_back(text_piece(*text));
    } else if (const auto special = element.find("SpecialToken")) {
      pieces.push_back(special_piece(*special, special_tokens));
    } else {
      element.fail("expected a Sequence or a SpecialToken");
    }
  }
  return pieces;
}

std::unique_ptr<PostProcessor> template_processing(const JsonNode& node) {
  const JsonNode special_tokens = node.at("special_tokens");
  const JsonNode single = node.at("single");
  std::vector<Piece> single_pieces = pieces(single, special_tokens);
  for (const Piece& piece : single_pieces) {
    if (piece.kind == Piece::kSecondText) single.fail("the template of a single text uses the second text");
  }
  return std::make_unique<TemplateProcessing>(std::move(single_pieces),
                                              pieces(node.at("pair"), special_tokens));
}

AddedSpecial added_special(const JsonNode& node) {
  const std::vector<JsonNode> pair = node.elements();
  if (pair.size() != 2) node.fail(fmt::format("expected [token, id], found {} elements", pair.size()));
  return {std::string(pair[0].string()), pair[1].integer()};
}

ByteLevelPostProcessor byte_level(const JsonNode& node) {
  return ByteLevelPostProcessor(
      node.boolean_or("trim_offsets", true),
      node.boolean_or("add_prefix_space", true) ? PrefixSpace::kAdded : PrefixSpace::kNotAdded);
}

std::unique_ptr<PostProcessor> sequence(const JsonNode& node) {
  std::vector<std::unique_ptr<PostProcessor>> steps;
  for (const JsonNode& step : node.at("processors").elements())
    steps.push_back(post_processor_from_json(step));
  return std::make_unique<PostProcessorSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<PostProcessor> post_processor_from_json(const JsonNode& node) {
  const std::string_view type = node.at("type").string();
  if (type == "Sequence") return sequence(node);
  if (type == "TemplateProcessing") return template_processing(node);
  if (type == "ByteLevel") return std::make_unique<ByteLevelPostProcessor>(byte_level(node));
  if (type == "BertProcessing") {
    return std::make_unique<BertProcessing>(added_special(node.at("sep")), added_special(node.at("cls")));
  }
  if (type == "RobertaProcessing") {
    return std::make_unique<RobertaProcessing>(added_special(node.at("sep")), added_special(node.at("cls")),
                                               byte_level(node));
  }
  node.fail_not_supported(fmt::format("post-processor '{}' is not implemented", type));
}

}  // namespace tessera::tokenizer
