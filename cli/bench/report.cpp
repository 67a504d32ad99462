#include "cli/bench/report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace tessera::cli {
namespace {

namespace json = boost::json;

bool is_prompt(const BenchRow& row) {
  return row.test.starts_with("pp");
}

json::object row_json(const BenchReport& report, const BenchRow& row) {
  return {{"model", report.label},
          {"backend", report.backend},
          {"isa", report.isa},
          {"processor", report.processor},
          {"threads", row.threads},
          {"test", row.test},
          {"tokens_per_s", row.median},
          {"spread", row.spread},
          {"samples", json::array(row.tokens_per_s.begin(), row.tokens_per_s.end())},
          {"limit", is_prompt(row) ? "fma" : "read-bandwidth"},
          {"limit_fraction", row.limit_fraction}};
}

json::object report_json(const BenchReport& report) {
  json::array rows, limits;
  for (const BenchRow& row : report.rows) rows.push_back(row_json(report, row));
  for (const BenchReport::Limits& l : report.limits) {
    limits.push_back(json::object{{"threads", l.threads},
                                  {"read_gb_per_s", l.limits.read_gb_per_s},
                                  {"fma_gflop_per_s", l.limits.fma_gflop_per_s}});
  }
  return {{"model", report.label},
          {"processor", report.processor},
          {"parameters", report.parameters},
          {"weight_bytes", report.weight_bytes},
          {"load_s", report.load_s},
          {"peak_rss_bytes", report.peak_rss_bytes},
          {"peak_rss_over_weights_and_kv", report.memory_ratio},
          {"limits", limits},
          {"results", rows}};
}

std::string markdown(const BenchReport& report) {
  std::string out =
      "| model | size | params | backend | isa | threads | test | t/s | of limit |\n"
      "|---|---:|---:|---|---|---:|---|---:|---:|\n";
  for (const BenchRow& row : report.rows) {
    out += fmt::format("| {} | {:.1f} MB | {:.1f} M | {} | {} | {} | {} | {:.2f} ± {:.2f} | {:.2f} of {} |\n",
                       report.label, static_cast<double>(report.weight_bytes) / 1e6,
                       static_cast<double>(report.parameters) / 1e6, report.backend, report.isa, row.threads,
                       row.test, row.median, row.spread, row.limit_fraction,
                       is_prompt(row) ? "FMA" : "bandwidth");
  }
  out += fmt::format("\nprocessor: {}\n", report.processor);
  for (const BenchReport::Limits& l : report.limits) {
    out += fmt::format("limits, {} threads: {:.1f} GB/s read, {:.0f} GFLOP/s float32 FMA\n", l.threads,
                       l.limits.read_gb_per_s, l.limits.fma_gflop_per_s);
  }
  return out + fmt::format("load: {:.3f} s, peak memory: {:.1f} MB = {:.2f} x (weights + KV cache)\n",
                           report.load_s, static_cast<double>(report.peak_rss_bytes) / 1e6,
                           report.memory_ratio);
}

}  // namespace

std::string format_report(const BenchReport& report, std::string_view form) {
  if (form == "json") return json::serialize(report_json(report)) + "\n";
  if (form == "md") return markdown(report);
  std::string lines;
  for (const BenchRow& row : report.rows) lines += json::serialize(row_json(report, row)) + "\n";
  return lines;
}

}  // namespace tessera::cli
