#include "core/tokenizer/folder/tokenizer_class.hpp"

#include <fmt/format.h>

#include <optional>

namespace tessera::tokenizer {
namespace {

struct ClassName {
  std::string_view name;
  TokenizerClass kind;
};

/// Names of the same class in transformers 5.24 stand together.
constexpr ClassName kClasses[] = {
    {"BertTokenizer", TokenizerClass::kBert},          {"DistilBertTokenizer", TokenizerClass::kBert},
    {"ElectraTokenizer", TokenizerClass::kBert},       {"GPT2Tokenizer", TokenizerClass::kGpt2},
    {"LlamaTokenizer", TokenizerClass::kLlama},        {"BartTokenizer", TokenizerClass::kRoberta},
    {"LongformerTokenizer", TokenizerClass::kRoberta}, {"RobertaTokenizer", TokenizerClass::kRoberta},
};

/// Stands for any tokenizer.json, and says nothing without one.
constexpr std::string_view kAnyClass = "TokenizersBackend";

struct Registered {
  std::string_view model_type;
  std::string_view name;
};

/// The class that transformers registers for a model type: those of our families and of what is built as they
/// are. Types registered with kAnyClass overrule the name in tokenizer_config.json: Mistral's files say
/// LlamaTokenizer and are not read so.
constexpr Registered kRegistered[] = {
    {"bart", "RobertaTokenizer"},    {"bert", "BertTokenizer"},
    {"distilbert", "BertTokenizer"}, {"electra", "BertTokenizer"},
    {"gpt2", "GPT2Tokenizer"},       {"gpt_neo", "GPT2Tokenizer"},
    {"gptj", "GPT2Tokenizer"},       {"longformer", "RobertaTokenizer"},
    {"ministral", kAnyClass},        {"ministral3", kAnyClass},
    {"mistral", kAnyClass},          {"mistral3", kAnyClass},
    {"mixtral", kAnyClass},          {"roberta", "RobertaTokenizer"},
    {"xlm-roberta-xl", kAnyClass},
};

std::string_view registered_class(std::string_view model_type) {
  for (const Registered& entry : kRegistered) {
    if (entry.model_type == model_type) return entry.name;
  }
  return {};
}

bool says_nothing(std::string_view name) {
  return name.empty() || name == kAnyClass || name == "PreTrainedTokenizer";
}

TokenizerClass class_by_files(const FolderSettings& settings) {
  const auto has = [&](const char* file) {
    std::error_code error;
    return std::filesystem::exists(settings.folder() / file, error);
  };
  if (has("tokenizer.model")) return TokenizerClass::kSentencePiece;
  if (has("vocab.json") || has("merges.txt")) return TokenizerClass::kGpt2;
  if (has("vocab.txt")) return TokenizerClass::kBert;
  throw Error(ErrorCode::kNotFound, "the folder has no tokenizer files")
      .file(settings.folder().string())
      .remedy("give it tokenizer.json, or vocab.json and merges.txt, or vocab.txt, or tokenizer.model");
}

}  // namespace

TokenizerClass tokenizer_class(const FolderSettings& settings) {
  const std::string_view registered = registered_class(settings.model_type());
  std::string_view name = settings.tokenizer_class();
  if (says_nothing(name) || registered == kAnyClass) name = registered;
  if (says_nothing(name)) return class_by_files(settings);
  for (const ClassName& known : kClasses) {
    if (known.name == name) return known.kind;
  }
  throw Error(
      ErrorCode::kNotSupported,
      fmt::format("a folder without tokenizer.json for the tokenizer class '{}', which is not known", name))
      .file(settings.folder().string())
      .key("tokenizer_class")
      .remedy("save the tokenizer once with transformers, which writes tokenizer.json");
}

}  // namespace tessera::tokenizer
