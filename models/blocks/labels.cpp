#include "models/blocks/labels.hpp"

#include <optional>

namespace tessera::blocks {

int64_t read_num_labels(const Config& config) {
  if (config.has("num_labels")) return config.size("num_labels");
  const std::optional<Config> labels = config.section("id2label");
  if (!labels) return 2;
  if (labels->empty()) throw config.error(ErrorCode::kCorruptData, "id2label", "has no entry");
  return static_cast<int64_t>(labels->count());
}

}  // namespace tessera::blocks
