/// tokenizer.json -> components. One function a block of the file; each throws Error with the key path:
/// kCorruptData for what breaks the format, kNotSupported for a component that is not implemented, by its
/// name.
#pragma once

#include <memory>

#include "core/tokenizer/added_vocabulary.hpp"
#include "core/tokenizer/decoder/decoder.hpp"
#include "core/tokenizer/json_node.hpp"
#include "core/tokenizer/model/bpe.hpp"
#include "core/tokenizer/normalizer/normalizer.hpp"
#include "core/tokenizer/post_processor/post_processor.hpp"
#include "core/tokenizer/pre_tokenizer/metaspace.hpp"
#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/text/pattern.hpp"
#include "core/tokenizer/truncation.hpp"

namespace tessera::tokenizer {

std::unique_ptr<Normalizer> normalizer_from_json(const JsonNode& node);

/// Whether the pre-tokenizer's last step is ByteLevel, so that a BPE model sees only the byte alphabet.
bool ends_with_byte_level(const JsonNode& node);
/// `model_input`: kBytes when the model takes raw bytes, and the last ByteLevel need not write the alphabet.
std::unique_ptr<PreTokenizer> pre_tokenizer_from_json(const JsonNode& node, BpeInput model_input);

/// Whether the model can take raw bytes in place of the byte alphabet.
bool model_can_take_bytes(const JsonNode& node);
std::unique_ptr<Model> model_from_json(const JsonNode& node, BpeInput input);

std::unique_ptr<PostProcessor> post_processor_from_json(const JsonNode& node);
std::unique_ptr<Decoder> decoder_from_json(const JsonNode& node);

std::vector<AddedToken> added_tokens_from_json(const JsonNode& node);
Truncation truncation_from_json(const JsonNode& node);
Padding padding_from_json(const JsonNode& node);

/// {"String": ...} or {"Regex": ...}
std::unique_ptr<Pattern> pattern_from_json(const JsonNode& node);
/// A string of exactly one character.
std::string character_from_json(const JsonNode& node);
/// "Metaspace" in both spellings: whether, and where, a mark is prepended. Shared by pre-tokenizer and
/// decoder.
PrependScheme prepend_scheme_from_json(const JsonNode& node);

}  // namespace tessera::tokenizer
