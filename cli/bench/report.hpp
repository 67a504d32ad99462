/// The result of a benchmark as text.
#pragma once

#include <string>
#include <string_view>

#include "cli/bench/measure.hpp"

namespace tessera::cli {

/// `form`: "md" (a table as llama-bench prints it, limits below), "json" (one object) or "jsonl" (one object
/// a row).
std::string format_report(const BenchReport& report, std::string_view form);

}  // namespace tessera::cli
