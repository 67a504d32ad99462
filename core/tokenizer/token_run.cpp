#include "core/tokenizer/token_run.hpp"

#include <cstddef>

namespace tessera::tokenizer {
namespace {

template <typename T>
void append_list(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <typename T>
void crop_list(std::vector<T>& list, size_t begin, size_t end) {
  if (list.empty()) return;  // not filled at this detail
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(end), list.end());
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace

void TokenRun::add_special(int64_t id, const std::string& token, uint32_t type_id, uint32_t attention) {
  encoding.ids.push_back(id);
  if (!full()) return;
  encoding.tokens.push_back(token);
  encoding.offsets.emplace_back(0, 0);
  encoding.type_ids.push_back(type_id);
  encoding.attention_mask.push_back(attention);
  encoding.special_tokens_mask.push_back(1);
}

void TokenRun::append(const TokenRun& other) {
  append_list(encoding.ids, other.encoding.ids);
  append_list(encoding.tokens, other.encoding.tokens);
  append_list(encoding.offsets, other.encoding.offsets);
  append_list(encoding.type_ids, other.encoding.type_ids);
  append_list(encoding.attention_mask, other.encoding.attention_mask);
  append_list(encoding.special_tokens_mask, other.encoding.special_tokens_mask);
}

void TokenRun::set_type_id(uint32_t type_id) {
  if (full()) encoding.type_ids.assign(size(), type_id);
}

void TokenRun::crop(size_t begin, size_t end) {
  crop_list(encoding.ids, begin, end);
  crop_list(encoding.tokens, begin, end);
  crop_list(encoding.offsets, begin, end);
  crop_list(encoding.type_ids, begin, end);
  crop_list(encoding.attention_mask, begin, end);
  crop_list(encoding.special_tokens_mask, begin, end);
}

}  // namespace tessera::tokenizer
