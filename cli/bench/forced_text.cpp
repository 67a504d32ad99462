#include "cli/bench/forced_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

std::vector<int64_t> by_words(std::string_view text, int64_t vocab_size) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::map<std::string_view, int64_t> ids;
  std::vector<int64_t> tokens;
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    const auto number = static_cast<int64_t>(ids.size());
    tokens.push_back(ids.emplace(text.substr(begin, end - begin), number % vocab_size).first->second);
    begin = text.find_first_not_of(kSpace, end);
  }
  return tokens;
}

std::vector<int64_t> tokens_of(const AutoModelForCausalLM& model, std::string_view text) {
  try {
    return model.tokenizer().encode(text);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return by_words(text, model.info().vocab_size);
  }
}

}  // namespace

ForcedText forced_text(const AutoModelForCausalLM& model, std::string_view text) {
  std::vector<int64_t> tokens = tokens_of(model, text);
  tokens.resize(std::min(tokens.size(), static_cast<size_t>(model.info().max_positions)));
  if (tokens.size() < 4) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a text of {} tokens is too short to be timed", tokens.size()))
        .key("force-text");
  }
  const auto half = tokens.begin() + static_cast<std::ptrdiff_t>(tokens.size() / 2);
  return {{tokens.begin(), half}, {half, tokens.end()}};
}

}  // namespace tessera::cli
