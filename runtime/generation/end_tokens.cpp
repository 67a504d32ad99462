#include "runtime/generation/end_tokens.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>

namespace tessera {
namespace {

/// The special token that ends a text by its name, if the tokenizer has one.
std::optional<int64_t> named_end(const Tokenizer& tokenizer) {
  constexpr std::array<std::string_view, 6> kNames = {"</s>",       "<|endoftext|>", "<|end_of_text|>",
                                                      "<|eot_id|>", "<|im_end|>",    "<eos>"};
  for (const std::string_view name : kNames) {
    const std::optional<int64_t> id = tokenizer.token_to_id(name);
    if (id && tokenizer.is_special(*id)) return id;
  }
  return std::nullopt;
}

bool is_word(const Tokenizer& tokenizer, int64_t id) {
  return !tokenizer.is_special(id) && !tokenizer.decode({{id}}).empty();
}

}  // namespace

EndTokens find_end_tokens(const GenerationConfig& config, const Tokenizer* tokenizer) {
  EndTokens end{config.eos_token_ids, {}};
  if (tokenizer == nullptr) return end;
  const std::optional<int64_t> named = named_end(*tokenizer);
  if (!named) return end;
  for (int64_t& id : end.ids) {
    if (!is_word(*tokenizer, id)) continue;
    end.warning = fmt::format(
        "eos_token_id {} is the ordinary word '{}' of the tokenizer, taking its special token '{}' ({}) as "
        "the end",
        id, tokenizer->decode({{id}}), tokenizer->id_to_token(*named).value_or(""), *named);
    id = *named;
  }
  return end;
}

}  // namespace tessera
