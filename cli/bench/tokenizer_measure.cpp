#include "cli/bench/tokenizer_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "cli/bench/processor.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera::cli {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::vector<std::string_view> documents_of(std::string_view text) {
  std::vector<std::string_view> documents;
  size_t begin = 0, characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;  // no first byte of a character
    if (characters == TokenizerReport::kDocumentCharacters) {
      documents.push_back(text.substr(begin, at - begin));
      begin = at;
      characters = 0;
    }
    ++characters;
  }
  if (characters == TokenizerReport::kDocumentCharacters) documents.push_back(text.substr(begin));
  if (documents.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the text has less than the {} characters of a document",
                            TokenizerReport::kDocumentCharacters))
        .remedy("give a longer text, a megabyte or more");
  }
  return documents;
}

void repeat(const TokenizerPlan& plan, const std::vector<std::string_view>& documents,
            TokenizerReport& report) {
  Clock::time_point start = Clock::now();
  const AutoTokenizer tokenizer = AutoTokenizer::from_pretrained(plan.model);
  report.load_ms.push_back(ms_since(start));
  report.vocab_size = tokenizer.vocab_size();
  report.tokens = 0;
  start = Clock::now();
  for (const std::string_view document : documents) {
    report.tokens += static_cast<int64_t>(tokenizer.encode(document).size());
    if (plan.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
  }
  report.mb_per_s.push_back(static_cast<double>(report.bytes) / 1e3 / ms_since(start));
}

namespace json = boost::json;

json::object row_json(const TokenizerReport& report, const char* test, const std::vector<double>& samples,
                      double best, const char* unit) {
  return {{"model", report.label},
          {"processor", report.processor},
          {"threads", 1},
          {"test", test},
          {unit, best},
          {"samples", json::array(samples.begin(), samples.end())}};
}

json::array rows_json(const TokenizerReport& report) {
  return {row_json(report, "load", report.load_ms, report.best_load_ms, "ms"),
          row_json(report, "encode", report.mb_per_s, report.best_mb_per_s, "mb_per_s")};
}

json::object report_json(const TokenizerReport& report) {
  return {{"model", report.label},         {"processor", report.processor}, {"vocab_size", report.vocab_size},
          {"documents", report.documents}, {"bytes", report.bytes},         {"tokens", report.tokens},
          {"results", rows_json(report)}};
}

std::string markdown(const TokenizerReport& report) {
  const double bytes_per_token =
      static_cast<double>(report.bytes) / static_cast<double>(std::max<int64_t>(report.tokens, 1));
  return fmt::format(
      "| tokenizer | vocabulary | load | encode, 1 thread | bytes/token |\n"
      "|---|---:|---:|---:|---:|\n"
      "| {} | {} | {:.1f} ms | {:.2f} MB/s | {:.2f} |\n"
      "\nprocessor: {}\n{} documents of {} characters; the best of {} repetitions\n",
      report.label, report.vocab_size, report.best_load_ms, report.best_mb_per_s, bytes_per_token,
      report.processor, report.documents, TokenizerReport::kDocumentCharacters, report.mb_per_s.size());
}

}  // namespace

TokenizerReport measure_tokenizer(const TokenizerPlan& plan) {
  const std::vector<std::string_view> documents = documents_of(plan.text);
  TokenizerReport report{};
  report.label = plan.model;
  report.processor = processor_name();
  report.documents = documents.size();
  for (const std::string_view document : documents) report.bytes += document.size();
  for (int64_t i = 0; i < plan.repetitions; ++i) repeat(plan, documents, report);
  report.best_load_ms = *std::min_element(report.load_ms.begin(), report.load_ms.end());
  report.best_mb_per_s = *std::max_element(report.mb_per_s.begin(), report.mb_per_s.end());
  return report;
}

std::string format_report(const TokenizerReport& report, std::string_view form) {
  if (form == "json") return json::serialize(report_json(report)) + "\n";
  if (form == "md") return markdown(report);
  std::string lines;
  for (const json::value& row : rows_json(report)) lines += json::serialize(row) + "\n";
  return lines;
}

}  // namespace tessera::cli
