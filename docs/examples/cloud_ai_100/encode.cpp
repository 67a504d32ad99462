/// An encoder in three steps: load, compile, execute.
///
///     encode MODEL BACKEND [OPTION=VALUE]...     encode bert qaic sdk=/opt/qti-aic seq-len=32,128
#include <iostream>

#include "command_line.hpp"
#include "tessera/auto_model.hpp"
#include "tessera/sentence_transformer.hpp"

namespace {

void print_dims(const tessera::NamedTensor& tensor) {
  std::cout << tensor.name;
  for (const int64_t dim : tensor.dims) std::cout << ' ' << dim;
  std::cout << '\n';
}

void encode(const example::CommandLine& line) {
  // Hidden states of all tokens; with the option pooling=mean one vector a text.
  auto model = tessera::AutoModel::from_pretrained(line.model);
  model.compile(line.compile);
  const auto outputs = model.forward({"My name is"});
  for (const tessera::NamedTensor& tensor : outputs.front()) print_dims(tensor);

  // One vector a text, from a folder that says how tokens are pooled.
  auto sentences = tessera::SentenceTransformer::from_pretrained(line.model);
  sentences.model().compile(line.compile);
  const auto vectors = sentences.encode({"The cat sits outside", "A man is playing guitar"});
  std::cout << "alike: " << sentences.similarity(vectors[0], vectors[1]) << '\n';
}

}  // namespace

int main(int count, char** words) {
  return example::run(count, words, encode);
}
