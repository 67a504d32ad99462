/// The clean-up of spaces that WordPiece and CTC decoders share.
#pragma once

#include <string>
#include <string_view>

namespace tessera::tokenizer {

void replace_all(std::string& text, std::string_view from, std::string_view to);

/// Takes out the space before English punctuation and contractions (" ." becomes ".", " n't" becomes "n't",
/// ...).
void clean_up_spaces(std::string& text);

}  // namespace tessera::tokenizer
