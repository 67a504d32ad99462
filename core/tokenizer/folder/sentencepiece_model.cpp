#include "core/tokenizer/folder/sentencepiece_model.hpp"

#include <cmath>

#include "core/tokenizer/file_text.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/wire/message_reader.hpp"

namespace tessera::tokenizer {
namespace {

using graph::wire::MessageReader;

std::string utf8_text(MessageReader& m, std::string_view name) {
  const std::string_view text = m.text(name);
  if (find_invalid_utf8(text) != std::string_view::npos) m.fail(name, "is not valid UTF-8");
  return std::string(text);
}

Piece read_piece(MessageReader m) {
  Piece piece;
  while (m.next()) switch (m.field()) {
      case 1:
        piece.text = utf8_text(m, "piece");
        break;
      case 2:
        piece.score = m.float32("score");
        if (!std::isfinite(piece.score)) m.fail("score", "is not a finite number");
        break;
      case 3:
        piece.type = static_cast<PieceType>(m.integer("type"));
        break;
      default:
        m.skip();
    }
  return piece;
}

void read_trainer_spec(MessageReader m, SentencePieceModel& model) {
  // The format's int32: negative numbers have been written with ten bytes or with five.
  const auto id = [&](std::string_view name) { return int64_t{static_cast<int32_t>(m.integer(name))}; };
  while (m.next()) switch (m.field()) {
      case 3:
        model.model_type = static_cast<SentencePieceModel::ModelType>(m.integer("model_type"));
        break;
      case 35:
        model.byte_fallback = m.integer("byte_fallback") != 0;
        break;
      case 40:
        model.unk_id = id("unk_id");
        break;
      case 41:
        model.bos_id = id("bos_id");
        break;
      case 42:
        model.eos_id = id("eos_id");
        break;
      case 45:
        model.unk_piece = utf8_text(m, "unk_piece");
        break;
      case 46:
        model.bos_piece = utf8_text(m, "bos_piece");
        break;
      case 47:
        model.eos_piece = utf8_text(m, "eos_piece");
        break;
      default:
        m.skip();
    }
}

void read_normalizer_spec(MessageReader m, SentencePieceModel& model) {
  while (m.next()) switch (m.field()) {
      case 2:
        model.precompiled_charsmap = m.text("precompiled_charsmap");
        break;
      case 3:
        model.add_dummy_prefix = m.integer("add_dummy_prefix") != 0;
        break;
      case 4:
        model.remove_extra_whitespaces = m.integer("remove_extra_whitespaces") != 0;
        break;
      case 5:
        model.escape_whitespaces = m.integer("escape_whitespaces") != 0;
        break;
      default:
        m.skip();
    }
}

SentencePieceModel read_model(std::string_view bytes) {
  SentencePieceModel model;
  MessageReader m(bytes, "SentencePiece model");
  while (m.next()) switch (m.field()) {
      case 1:
        model.pieces.push_back(read_piece(m.message("pieces", static_cast<int64_t>(model.pieces.size()))));
        break;
      case 2:
        read_trainer_spec(m.message("trainer_spec"), model);
        break;
      case 3:
        read_normalizer_spec(m.message("normalizer_spec"), model);
        break;
      default:
        m.skip();
    }
  if (model.pieces.empty())
    throw Error(ErrorCode::kCorruptData, "malformed SentencePiece model: it has no pieces").key("pieces");
  return model;
}

}  // namespace

SentencePieceModel read_sentencepiece_model(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  try {
    return read_model(bytes);
  } catch (Error& error) {
    error.add_file(file.string());
    error.add_remedy("download the file again; if it is of another kind (tiktoken), give tokenizer.json");
    throw;
  }
}

}  // namespace tessera::tokenizer
