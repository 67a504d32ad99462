#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/decoder/bpe.hpp"
#include "core/tokenizer/decoder/byte_fallback.hpp"
#include "core/tokenizer/decoder/byte_level.hpp"
#include "core/tokenizer/decoder/ctc.hpp"
#include "core/tokenizer/decoder/fuse.hpp"
#include "core/tokenizer/decoder/metaspace.hpp"
#include "core/tokenizer/decoder/replace.hpp"
#include "core/tokenizer/decoder/sequence.hpp"
#include "core/tokenizer/decoder/strip.hpp"
#include "core/tokenizer/decoder/wordpiece.hpp"
#include "core/tokenizer/pre_tokenizer/metaspace.hpp"

namespace tessera::tokenizer {
namespace {

std::unique_ptr<Decoder> sequence(const JsonNode& node) {
  std::vector<std::unique_ptr<Decoder>> steps;
  for (const JsonNode& step : node.at("decoders").elements()) steps.push_back(decoder_from_json(step));
  return std::make_unique<DecoderSequence>(std::move(steps));
}

size_t count(const JsonNode& node) {
  if (node.integer() < 0) node.fail(fmt::format("expected a count, found {}", node.integer()));
  return static_cast<size_t>(node.integer());
}

}  // namespace

std::unique_ptr<Decoder> decoder_from_json(const JsonNode& node) {
  const std::string_view type = node.at("type").string();
  if (type == "Sequence") return sequence(node);
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "Strip") {
    return std::make_unique<StripDecoder>(character_from_json(node.at("content")), count(node.at("start")),
                                          count(node.at("stop")));
  }
  if (type == "Replace") {
    return std::make_unique<ReplaceDecoder>(pattern_from_json(node.at("pattern")),
                                            std::string(node.at("content").string()));
  }
  if (type == "Metaspace") {
    return std::make_unique<MetaspaceDecoder>(character_from_json(node.at("replacement")),
                                              prepend_scheme_from_json(node) != PrependScheme::kNever);
  }
  if (type == "WordPiece") {
    return std::make_unique<WordPieceDecoder>(std::string(node.at("prefix").string()),
                                              node.at("cleanup").boolean());
  }
  if (type == "BPEDecoder") return std::make_unique<BpeDecoder>(std::string(node.at("suffix").string()));
  if (type == "CTC") {
    return std::make_unique<CtcDecoder>(std::string(node.at("pad_token").string()),
                                        std::string(node.at("word_delimiter_token").string()),
                                        node.at("cleanup").boolean());
  }
  node.fail_not_supported(fmt::format("decoder '{}' is not implemented", type));
}

}  // namespace tessera::tokenizer
