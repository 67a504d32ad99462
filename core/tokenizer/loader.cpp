#include "core/tokenizer/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/tokenizer/file_text.hpp"
#include "core/tokenizer/folder/folder.hpp"
#include "core/tokenizer/from_json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

/// Keys of tokenizer.json. Another one is a newer format, whose meaning we would miss.
constexpr std::array<std::string_view, 9> kKeys{"version",        "truncation", "padding",
                                                "added_tokens",   "normalizer", "pre_tokenizer",
                                                "post_processor", "decoder",    "model"};

void check_format(const JsonNode& root) {
  for (const auto& [key, value] : root.members()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      value.fail_not_supported(fmt::format("unknown key '{}' in tokenizer.json", key));
    }
  }
  if (const auto version = root.find("version"); version && version->string() != "1.0") {
    version->fail_not_supported(
        fmt::format("tokenizer.json has version '{}', known is '1.0'", version->string()));
  }
}

std::shared_ptr<const Pipeline> pipeline_from_json(const JsonNode& root) {
  check_format(root);
  auto pipeline = std::make_shared<Pipeline>();
  const JsonNode model = root.at("model");
  const auto pre_tokenizer = root.find("pre_tokenizer");
  const bool bytes = pre_tokenizer && ends_with_byte_level(*pre_tokenizer) && model_can_take_bytes(model);
  const BpeInput input = bytes ? BpeInput::kBytes : BpeInput::kText;
  if (const auto node = root.find("normalizer")) pipeline->normalizer = normalizer_from_json(*node);
  if (pre_tokenizer) pipeline->pre_tokenizer = pre_tokenizer_from_json(*pre_tokenizer, input);
  pipeline->model = model_from_json(model, input);
  if (const auto node = root.find("post_processor"))
    pipeline->post_processor = post_processor_from_json(*node);
  if (const auto node = root.find("decoder")) pipeline->decoder = decoder_from_json(*node);
  if (const auto node = root.find("truncation")) pipeline->truncation = truncation_from_json(*node);
  if (const auto node = root.find("padding")) pipeline->padding = padding_from_json(*node);
  std::vector<AddedToken> tokens;
  if (const auto node = root.find("added_tokens")) tokens = added_tokens_from_json(*node);
  pipeline->added =
      std::make_unique<AddedVocabulary>(tokens, pipeline->model->vocabulary(), pipeline->normalizer.get());
  return pipeline;
}

}  // namespace

std::shared_ptr<const Pipeline> load_tokenizer_json(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  try {
    const JsonDocument document(text);
    return pipeline_from_json(document.root());
  } catch (Error& error) {
    error.add_file(file.string());
    throw;
  }
}

std::shared_ptr<const Pipeline> load_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::kNotFound, "no such folder").file(folder.string());
  }
  const auto file = folder / "tokenizer.json";
  if (std::filesystem::exists(file, error)) return load_tokenizer_json(file);
  const FolderTokenizer built = tokenizer_from_folder(folder);
  try {
    return pipeline_from_json(built.json.root());
  } catch (Error& failure) {
    failure.add_file(built.vocabulary.string());
    throw;
  }
}

}  // namespace tessera::tokenizer
