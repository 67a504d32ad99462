/// A causal language model in three steps: load, compile, execute.
///
///     generate MODEL BACKEND [OPTION=VALUE]...     generate llama qaic sdk=/opt/qti-aic
#include <iostream>
#include <string>

#include "command_line.hpp"
#include "tessera/model.hpp"
#include "tessera/tokenizer.hpp"

namespace {

void generate(const example::CommandLine& line) {
  auto model = tessera::AutoModelForCausalLM::from_pretrained(line.model);
  tessera::CompileOptions options = line.compile;
  options.ctx_len = 128;
  model.compile(options);
  for (const std::string& piece : model.generate_stream("My name is", {.max_new_tokens = 20}))
    std::cout << piece << std::flush;
  std::cout << '\n';

  // The same from token ids.
  const auto tokenizer = tessera::AutoTokenizer::from_pretrained(line.model);
  const auto result = model.generate(tokenizer.encode("My name is"), {.max_new_tokens = 20});
  std::cout << result.tokens.size() << " tokens: " << result.text << '\n';
}

}  // namespace

int main(int count, char** words) {
  return example::run(count, words, generate);
}
