/// The results of a run in memory.
#pragma once

#include <boost/json.hpp>
#include <vector>

#include "cli/run/result_output.hpp"

namespace tessera::cli {

/// Keeps the lines, by request.
class KeptOutput final : public ResultOutput {
 public:
  explicit KeptOutput(size_t requests) : lines(requests) {}
  void add(size_t index, std::string_view line) override {
    lines[index] = boost::json::parse(boost::json::string_view(line.data(), line.size())).as_object();
  }
  void finish() override {}

  std::vector<boost::json::object> lines;
};

}  // namespace tessera::cli
