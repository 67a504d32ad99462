#include "models/blocks/checkpoint_tensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::blocks {
namespace {

bool is_weight_dtype(graph::DataType dtype) {
  return dtype == graph::DataType::kFloat || dtype == graph::DataType::kFloat16 ||
         dtype == graph::DataType::kBfloat16;
}

std::string dims_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

}  // namespace

graph::Value CheckpointTensors::take(graph::GraphBuilder& g, const std::string& name,
                                     const std::vector<int64_t>& dims, std::string_view keys) {
  const bool is_new = taken_.insert(name).second;
  if (!has(name)) {
    if (is_new) note(name, fmt::format("is missing, expected {} ({})", dims_text(dims), keys), {});
    return g.weight(name, graph::DataType::kFloat, dims, {});
  }
  const sdk::Weight found = weights_.at(name);
  if (is_new && found.dims() != dims) {
    note(name, fmt::format("has shape {}, expected {} ({})", dims_text(found.dims()), dims_text(dims), keys),
         found.location());
  }
  if (is_new && !is_weight_dtype(found.dtype())) {
    note(name,
         fmt::format("has dtype {}, expected float, float16 or bfloat16", graph::dtype_name(found.dtype())),
         found.location());
  }
  return g.weight(name, found.dtype(), dims, found.external());
}

void CheckpointTensors::finish() const {
  std::vector<std::string> lines = mismatches_;
  for (uint64_t i = 0; i < weights_.size(); ++i) {
    const std::string_view name = weights_[i].name();
    if (taken_.count(std::string(name)) > 0 || is_ignored(name)) continue;
    lines.push_back(fmt::format("'{}' is not part of this model", name));
  }
  if (lines.empty()) return;
  constexpr size_t kShown = 20;
  const size_t count = lines.size();
  if (count > kShown) {
    lines.resize(kShown);
    lines.push_back(fmt::format("and {} more", count - kShown));
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} {} not fit config.json:\n  {}", count,
                          count == 1 ? "tensor does" : "tensors do", fmt::join(lines, "\n  ")))
      .file(first_file_)
      .key(first_name_)
      .remedy("take config.json and the weights from the same revision");
}

void CheckpointTensors::note(const std::string& name, const std::string& what, std::string_view file) {
  if (mismatches_.empty()) {
    first_name_ = name;
    first_file_ = file;
  }
  mismatches_.push_back(fmt::format("'{}' {}", name, what));
}

bool CheckpointTensors::is_ignored(std::string_view name) const {
  for (const std::string& prefix : ignored_modules_) {
    if (name.substr(0, prefix.size()) == prefix) return true;
  }
  return std::any_of(ignored_.begin(), ignored_.end(), [&](const std::string& suffix) {
    return name.size() >= suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
  });
}

}  // namespace tessera::blocks
