/// A classifier of texts in three steps: load, compile, execute.
///
///     classify MODEL BACKEND [OPTION=VALUE]...     classify bert-cls qaic sdk=/opt/qti-aic seq-len=32,128
#include <iostream>

#include "command_line.hpp"
#include "tessera/classification.hpp"

namespace {

void classify(const example::CommandLine& line) {
  auto model = tessera::AutoModelForSequenceClassification::from_pretrained(line.model);
  model.compile(line.compile);
  const auto results = model.classify({"And God said, Let there be light.", "The Lord is my shepherd."});
  for (const auto& labels : results) std::cout << labels.front().label << ' ' << labels.front().score << '\n';
}

}  // namespace

int main(int count, char** words) {
  return example::run(count, words, classify);
}
