/// From files to a Pipeline.
#pragma once

#include <filesystem>
#include <memory>

#include "core/tokenizer/pipeline.hpp"

namespace tessera::tokenizer {

/// Reads a tokenizer.json; errors as Tokenizer::from_file.
std::shared_ptr<const Pipeline> load_tokenizer_json(const std::filesystem::path& file);

/// Reads the tokenizer files of a model's folder; errors as Tokenizer::from_folder.
std::shared_ptr<const Pipeline> load_folder(const std::filesystem::path& folder);

}  // namespace tessera::tokenizer
