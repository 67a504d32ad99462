#include "runtime/generation/shared_vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

Error different(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message))
      .key("draft_model")
      .remedy("take a draft model of the same family, or speculation prompt-lookup");
}

int64_t shared_rows(const Vocabulary& target, const Vocabulary& draft) {
  if (target.rows == draft.rows) return target.rows;
  throw different(
      fmt::format("the draft model has {} token ids, the model {}, and there are no tokenizers to compare",
                  draft.rows, target.rows));
}

}  // namespace

int64_t shared_ids(const Vocabulary& target, const Vocabulary& draft) {
  if (target.tokenizer == nullptr && draft.tokenizer == nullptr) return shared_rows(target, draft);
  if (target.tokenizer == nullptr || draft.tokenizer == nullptr) {
    throw different(fmt::format("the {} has no tokenizer, so that their tokens cannot be compared",
                                target.tokenizer == nullptr ? "model" : "draft model"));
  }
  const int64_t rows = std::min(target.rows, draft.rows);
  int64_t shared = 0;
  for (int64_t id = 0; id < rows; ++id) {
    const std::optional<std::string> a = target.tokenizer->id_to_token(id),
                                     b = draft.tokenizer->id_to_token(id);
    if (!a || !b) continue;
    if (*a != *b) {
      throw different(fmt::format(
          "the draft model has another tokenizer: token {} is '{}' to it, '{}' to the model", id, *b, *a));
    }
    shared = id + 1;
  }
  if (shared == 0) throw different("the draft model has no token in common with the model");
  return shared;
}

}  // namespace tessera
