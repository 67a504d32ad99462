/// Speed of encoding, decoding and loading. Built on demand, run by hand:
///
///   ninja -C build core/tokenizer/bench/tokenizer_bench
///   build/core/tokenizer/bench/tokenizer_bench TEXT TOKENIZER.json... [--benchmark_... flags]
///
/// TEXT is cut into documents of 4,000 characters, which are encoded in turn, on one core.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/tokenizer/text/utf8.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tessera/sdk/error.hpp"

namespace {

using tessera::Tokenizer;

std::vector<std::string> documents_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  constexpr size_t kBytes = 4000;
  std::vector<std::string> documents;
  for (size_t at = 0; at + kBytes <= text.size(); at += kBytes) {
    std::string document;
    tessera::tokenizer::append_lossy_utf8(document, std::string_view(text).substr(at, kBytes),
                                          tessera::tokenizer::Tail::kKeep);
    documents.push_back(std::move(document));
  }
  return documents;
}

void encode(benchmark::State& state, const Tokenizer& tokenizer, const std::vector<std::string>& documents) {
  size_t next = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const std::string& document = documents[next++ % documents.size()];
    benchmark::DoNotOptimize(tokenizer.encode(document));
    bytes += static_cast<int64_t>(document.size());
  }
  state.SetBytesProcessed(bytes);
}

void encode_with_offsets(benchmark::State& state, const Tokenizer& tokenizer,
                         const std::vector<std::string>& documents) {
  size_t next = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const std::string& document = documents[next++ % documents.size()];
    benchmark::DoNotOptimize(tokenizer.encode_with_offsets(document));
    bytes += static_cast<int64_t>(document.size());
  }
  state.SetBytesProcessed(bytes);
}

void decode(benchmark::State& state, const Tokenizer& tokenizer, const std::vector<std::string>& documents) {
  const std::vector<int64_t> ids = tokenizer.encode(documents[0]);
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.decode(ids));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(ids.size()));
}

void load(benchmark::State& state, const std::string& file) {
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::from_file(file));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc < 3) {
    std::fprintf(stderr, "usage: tokenizer_bench TEXT TOKENIZER.json... [--benchmark_... flags]\n");
    return 2;
  }
  try {
    const std::vector<std::string> documents = documents_of(argv[1]);
    if (documents.empty())
      throw tessera::Error(tessera::ErrorCode::kInvalidArgument, "the text is below 4,000 bytes");
    std::vector<Tokenizer> tokenizers;
    for (int i = 2; i < argc; ++i) tokenizers.push_back(Tokenizer::from_file(argv[i]));
    for (size_t i = 0; i < tokenizers.size(); ++i) {
      const std::string file = argv[i + 2];
      const Tokenizer& tokenizer = tokenizers[i];
      benchmark::RegisterBenchmark(("load/" + file).c_str(), [file](auto& s) {
        load(s, file);
      })->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark(("encode/" + file).c_str(),
                                   [&](auto& s) { encode(s, tokenizer, documents); });
      benchmark::RegisterBenchmark(("encode_with_offsets/" + file).c_str(),
                                   [&](auto& s) { encode_with_offsets(s, tokenizer, documents); });
      benchmark::RegisterBenchmark(("decode/" + file).c_str(),
                                   [&](auto& s) { decode(s, tokenizer, documents); });
    }
    benchmark::RunSpecifiedBenchmarks();
  } catch (const tessera::Error& error) {
    std::fprintf(stderr, "error: %s (%s)\n", error.what(), error.file_name().c_str());
    return 1;
  }
  return 0;
}
