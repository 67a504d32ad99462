/// The blocks `added_tokens`, `vocab` and `post_processor` of a tokenizer.json that is made of other files.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/tokenizer/folder/special_tokens.hpp"

namespace tessera::tokenizer {

boost::json::array added_tokens_block(const std::vector<AddedToken>& tokens);
/// Token to id, as the models BPE and WordPiece have it.
boost::json::object vocab_block(const VocabularyIds& vocabulary);

/// BOS A EOS, and for a pair BOS B EOS behind it; each only if tokenizer_config.json has `add_bos_token`,
/// `add_eos_token`, and the token has a name. `tokens`: FolderSpecialTokens::numbered.
boost::json::object begin_end_template(const FolderSettings& settings, const FolderSpecialTokens& special,
                                       const std::vector<AddedToken>& tokens);
/// CLS A SEP, CLS A SEP B SEP.
boost::json::object bert_template(const FolderSpecialTokens& special, const std::vector<AddedToken>& tokens);

/// Id of a token that is among `tokens`, as each named one is.
int64_t id_of(const AddedToken& token, const std::vector<AddedToken>& tokens);

}  // namespace tessera::tokenizer
