/// SentencePiece's model file (tokenizer.model): a protobuf message ModelProto, as far as tokenizers are made
/// of it. Field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tessera::tokenizer {

enum class PieceType : int64_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      ///< never found in a text: <s>, </s>
  kUserDefined = 4,  ///< always one token
  kUnused = 5,
  kByte = 6,
};

struct Piece {
  std::string text;  ///< valid UTF-8
  float score = 0;
  PieceType type = PieceType::kNormal;
};

/// Field names are those of the format, defaults too.
struct SentencePieceModel {
  enum class ModelType : int64_t { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };

  std::vector<Piece> pieces;  ///< the index is the id; not empty

  // TrainerSpec
  ModelType model_type = ModelType::kUnigram;
  bool byte_fallback = false;
  int64_t unk_id = 0, bos_id = 1, eos_id = 2;  ///< negative: there is none
  std::string unk_piece = "<unk>", bos_piece = "<s>", eos_piece = "</s>";

  // NormalizerSpec
  std::string precompiled_charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

/// Throws Error kNotFound, kIo, and kCorruptData with the path of the field and the byte.
SentencePieceModel read_sentencepiece_model(const std::filesystem::path& file);

}  // namespace tessera::tokenizer
