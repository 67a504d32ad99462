/// An encoder in three steps: load, compile, execute. The backend is a word: "cpu", or "qaic" for Cloud AI
/// 100.
///
///     encode MODEL BACKEND [OPTION=VALUE]...     encode bert qaic sdk=/opt/qti-aic seq-len=32,128
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "tessera/auto_model.hpp"
#include "tessera/sentence_transformer.hpp"

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

void print_dims(const tessera::NamedTensor& tensor) {
  std::cout << tensor.name;
  for (const int64_t dim : tensor.dims) std::cout << ' ' << dim;
  std::cout << '\n';
}

int encode(int count, char** words) {
  tessera::CompileOptions options;
  options.backend = words[2];
  options.num_cores = options.backend == "qaic" ? 4 : 0;
  options.backend_options = options_of(count, words);

  // Hidden states of all tokens.
  auto model = tessera::AutoModel::from_pretrained(words[1]);
  model.compile(options);
  const auto outputs = model.forward({"My name is"});
  for (const tessera::NamedTensor& tensor : outputs.front()) print_dims(tensor);

  // One vector a text, from a folder that says how tokens are pooled.
  auto sentences = tessera::SentenceTransformer::from_pretrained(words[1]);
  sentences.model().compile(options);
  const auto vectors = sentences.encode({"The cat sits outside", "A man is playing guitar"});
  std::cout << "alike: " << sentences.similarity(vectors[0], vectors[1]) << '\n';
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::cerr << "usage: encode MODEL BACKEND [OPTION=VALUE]...\n";
    return 2;
  }
  try {
    return encode(count, words);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
