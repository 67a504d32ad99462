#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/bench/serve/serve_measure.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::object percentiles_json(const Percentiles& p) {
  return {{"p50", p.p50}, {"p90", p.p90}, {"p99", p.p99}};
}

/// What every row says of where it was measured.
json::object base_json(const ServeReport& report, int64_t threads) {
  return {{"model", report.label},
          {"backend", report.backend},
          {"isa", report.isa},
          {"processor", report.processor},
          {"threads", threads}};
}

json::object row_json(const ServeReport& report, const ServeRow& row) {
  json::object object = base_json(report, row.threads);
  object["test"] = "serve";
  if (row.streams > 0) object["concurrency"] = row.streams;
  if (row.rate > 0) object["request_rate"] = row.rate;
  object["prompt_tokens"] = row.prompt_tokens;
  object["new_tokens"] = row.new_tokens;
  object["requests"] = row.requests;
  object["seconds"] = row.seconds;
  object["ttft_s"] = percentiles_json(row.first_token_s);
  object["itl_s"] = percentiles_json(row.inter_token_s);
  object["output_tokens_per_s"] = row.output_tps;
  object["prompt_tokens_per_s"] = row.prompt_tps;
  if (row.bound_tps > 0) {
    object["decode_tokens_per_s"] = row.decode_tps;
    object["decode_bound_tokens_per_s"] = row.bound_tps;
    object["limit_fraction"] = row.decode_tps / row.bound_tps;
  }
  object["goodput_requests_per_s"] = row.goodput;
  object["batch_occupancy"] = row.occupancy;
  object["overhead_fraction"] = row.overhead;
  object["kv_tokens"] = row.kv_tokens;
  object["kv_bytes"] = static_cast<uint64_t>(row.kv_tokens) * report.kv_bytes_per_token;
  object["cached_tokens"] = row.cached_tokens;
  object["preemptions"] = row.preemptions;
  return object;
}

json::object row_json(const ServeReport& report, const IntrusionRow& row) {
  json::object object = base_json(report, row.threads);
  object["test"] = "long-prompt";
  object["concurrency"] = row.streams;
  object["prompt_tokens"] = row.prompt_tokens;
  object["alone_tokens_per_s"] = row.alone_tps;
  object["beside_tokens_per_s"] = row.beside_tps;
  object["speed_fraction"] = row.beside_tps / row.alone_tps;
  object["decode_step_s"] = row.decode_s;
  object["itl_s"] = percentiles_json(row.beside_inter_token_s);
  object["itl_p99_over_decode_step"] = row.beside_inter_token_s.p99 / row.decode_s;
  return object;
}

json::array rows_json(const ServeReport& report) {
  json::array rows;
  for (const ServeRow& row : report.rows) rows.push_back(row_json(report, row));
  for (const IntrusionRow& row : report.intrusions) rows.push_back(row_json(report, row));
  return rows;
}

json::object report_json(const ServeReport& report) {
  json::array limits;
  for (const ServeReport::Limits& l : report.limits) {
    limits.push_back(json::object{{"threads", l.threads},
                                  {"read_gb_per_s", l.limits.read_gb_per_s},
                                  {"fma_gflop_per_s", l.limits.fma_gflop_per_s}});
  }
  return {{"model", report.label},
          {"processor", report.processor},
          {"limits", limits},
          {"results", rows_json(report)}};
}

std::string milliseconds(const Percentiles& p) {
  return fmt::format("{:.1f} / {:.1f} / {:.1f}", p.p50 * 1e3, p.p90 * 1e3, p.p99 * 1e3);
}

std::string markdown(const ServeReport& report) {
  std::string out = fmt::format("{}, {} {}\n\n", report.label, report.backend, report.isa);
  out +=
      "| threads | load | prompt | new | requests | TTFT ms p50 / p90 / p99 | ITL ms p50 / p90 / p99 "
      "| decode t/s | of bound | output t/s | prompt t/s | good req/s | rows/step | overhead | KV tokens |\n"
      "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const ServeRow& row : report.rows) {
    const bool closed = row.streams > 0;
    out += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1f} | {:.1f} | {:.2f} | {:.1f} | {:.1f} % | {} "
        "|\n",
        row.threads, closed ? fmt::format("{} streams", row.streams) : fmt::format("{:g} req/s", row.rate),
        row.prompt_tokens, row.new_tokens, row.requests, milliseconds(row.first_token_s),
        milliseconds(row.inter_token_s), closed ? fmt::format("{:.1f}", row.decode_tps) : "",
        closed ? fmt::format("{:.2f}", row.decode_tps / row.bound_tps) : "", row.output_tps, row.prompt_tps,
        row.goodput, row.occupancy, 100 * row.overhead, row.kv_tokens);
  }
  if (!report.intrusions.empty()) {
    out +=
        "\n| threads | streams | prompt that comes | alone, t/s | beside, t/s | of alone | decode step ms "
        "| ITL ms p50 / p90 / p99 meanwhile | p99 of a step |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  }
  for (const IntrusionRow& row : report.intrusions) {
    out += fmt::format("| {} | {} | {} | {:.1f} | {:.1f} | {:.2f} | {:.1f} | {} | {:.2f} |\n", row.threads,
                       row.streams, row.prompt_tokens, row.alone_tps, row.beside_tps,
                       row.beside_tps / row.alone_tps, row.decode_s * 1e3,
                       milliseconds(row.beside_inter_token_s), row.beside_inter_token_s.p99 / row.decode_s);
  }
  out += fmt::format("\nprocessor: {}\n", report.processor);
  for (const ServeReport::Limits& l : report.limits) {
    out += fmt::format("limits, {} threads: {:.1f} GB/s read, {:.0f} GFLOP/s float32 FMA\n", l.threads,
                       l.limits.read_gb_per_s, l.limits.fma_gflop_per_s);
  }
  return out;
}

}  // namespace

std::string format_report(const ServeReport& report, std::string_view form) {
  if (form == "json") return json::serialize(report_json(report)) + "\n";
  if (form == "md") return markdown(report);
  std::string lines;
  for (const json::value& row : rows_json(report)) lines += json::serialize(row) + "\n";
  return lines;
}

}  // namespace tessera::cli
