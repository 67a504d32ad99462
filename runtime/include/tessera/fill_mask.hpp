/// What may stand behind a mask.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/auto_model.hpp"

namespace tessera {

struct MaskFill {
  int64_t token;
  std::string token_str;
  float score;           ///< probability over the whole vocabulary
  std::string sequence;  ///< the text with it; special tokens stay where the text has several masks
};

struct FillMaskOptions : TextRunOptions {
  int64_t top_k = 5;
};

class AutoModelForMaskedLM : public AutoModel {
 public:
  static AutoModelForMaskedLM from_pretrained(std::string_view folder_or_id, const LoadOptions& options = {});

  /// For each input, for each mask in it, the best tokens. Throws Error kInvalidArgument for a text without a
  /// mask, or one that is too long (a cut could take the mask away).
  std::vector<std::vector<std::vector<MaskFill>>> fill_mask(const std::vector<TextInput>& inputs,
                                                            const FillMaskOptions& options = {});

  std::string mask_token() const;  ///< "[MASK]"; throws Error kNotFound when the tokenizer has none

 private:
  using AutoModel::AutoModel;
};

}  // namespace tessera
