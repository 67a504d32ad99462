/// A causal language model in three steps: load, compile, execute. The backend is a word: "cpu", or "qaic"
/// for Cloud AI 100.
///
///     generate MODEL BACKEND [OPTION=VALUE]...     generate llama qaic sdk=/opt/qti-aic
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/tokenizer.hpp"

namespace {

/// What follows MODEL and BACKEND: options of the backend.
std::vector<std::pair<std::string, std::string>> options_of(int count, char** words) {
  std::vector<std::pair<std::string, std::string>> options;
  for (int i = 3; i < count; ++i) {
    const std::string word = words[i];
    const size_t equals = word.find('=');
    options.emplace_back(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return options;
}

int generate(int count, char** words) {
  tessera::CompileOptions options;
  options.backend = words[2];
  options.ctx_len = 128;
  options.num_cores = options.backend == "qaic" ? 4 : 0;
  options.backend_options = options_of(count, words);

  auto model = tessera::AutoModelForCausalLM::from_pretrained(words[1]);
  model.compile(options);
  for (const std::string& piece : model.generate_stream("My name is", {.max_new_tokens = 20}))
    std::cout << piece << std::flush;
  std::cout << '\n';

  // The same from token ids.
  const auto tokenizer = tessera::AutoTokenizer::from_pretrained(words[1]);
  const auto result = model.generate(tokenizer.encode("My name is"), {.max_new_tokens = 20});
  std::cout << result.tokens.size() << " tokens: " << result.text << '\n';
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::cerr << "usage: generate MODEL BACKEND [OPTION=VALUE]...\n";
    return 2;
  }
  try {
    return generate(count, words);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
