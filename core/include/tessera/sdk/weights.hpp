/// The checkpoint's tensors as a plugin sees them: a directory, and mapped views of bytes on demand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::sdk {

/// One tensor of the checkpoint. Lives as long as the Weights that gave it.
class Weight {
 public:
  explicit Weight(const tsr_weight* weight) : weight_(weight) {}

  std::string_view name() const { return view(weight_->name); }
  graph::DataType dtype() const { return static_cast<graph::DataType>(weight_->dtype); }
  uint64_t rank() const { return weight_->rank; }
  int64_t dim(uint64_t axis) const { return weight_->dims[axis]; }
  std::vector<int64_t> dims() const {
    return rank() == 0 ? std::vector<int64_t>() : std::vector<int64_t>(weight_->dims, weight_->dims + rank());
  }
  std::string_view location() const {
    return view(weight_->location);
  }                                                    ///< file, relative to the base directory
  uint64_t offset() const { return weight_->offset; }  ///< bytes; may be odd
  uint64_t length() const { return weight_->length; }  ///< bytes
  /// Where a graph's initializer of this tensor points to.
  graph::ExternalData external() const {
    return graph::ExternalData{std::string(location()), offset(), length()};
  }

 private:
  const tsr_weight* weight_;
};

/// The tensor directory. Empty when the call has no checkpoint. Any thread.
class Weights {
 public:
  Weights() = default;
  /// `weights` may be null. Throws kVersion for a directory of impossible size.
  Weights(const tsr_host* host, const tsr_weights* weights) : host_(host), weights_(weights) {
    if (weights_ == nullptr) return;
    check_size(weights_, "tsr_weights");
    if (weights_->count > 0 && weights_->items == nullptr)
      throw Error(ErrorCode::kMisuse, "tsr_weights has a count but no items");
  }

  uint64_t size() const { return weights_ == nullptr ? 0 : weights_->count; }
  /// In the order of names.
  Weight operator[](uint64_t index) const { return Weight(weights_->items[index]); }

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Throws kNotFound with the nearest name.
  Weight at(std::string_view name) const {
    if (const tsr_weight* found = find(name)) return Weight(found);
    std::vector<std::string_view> names;
    for (uint64_t i = 0; i < size(); ++i) names.push_back(view(weights_->items[i]->name));
    const std::string hint = did_you_mean(name, names);
    const bool near = hint.rfind("did you mean", 0) == 0;  // else it lists all, which may be thousands
    throw Error(ErrorCode::kNotFound, "the checkpoint has no tensor '" + std::string(name) + "'")
        .key(name)
        .remedy(near ? hint : "take config.json and the weights from the same revision");
  }

  /// A read-only view of the bytes, unmapped when the Buffer goes. The data may be unaligned for its type.
  Buffer map(const Weight& weight) const { return map(weight.location(), weight.offset(), weight.length()); }
  Buffer map(const graph::ExternalData& where) const {
    return map(where.location, where.offset, where.length);
  }
  Buffer map(std::string_view location, uint64_t offset, uint64_t length) const {
    if (weights_ == nullptr || weights_->map == nullptr)
      throw Error(ErrorCode::kMisuse,
                  "the bytes of '" + std::string(location) + "' are wanted in a call without weights")
          .file(location);
    tsr_buffer buffer{};
    buffer.struct_size = sizeof(buffer);
    throw_if_failed(host_, weights_->map(weights_->ctx, borrow(location), offset, length, &buffer));
    return Buffer(buffer);
  }

  /// The pages of this range are not needed again: packed weights need not be in memory twice. A hint.
  void drop(std::string_view location, uint64_t offset, uint64_t length) const {
    if (weights_ != nullptr && weights_->drop != nullptr)
      weights_->drop(weights_->ctx, borrow(location), offset, length);
  }
  void drop(const graph::ExternalData& where) const { drop(where.location, where.offset, where.length); }

  /// The C directory; null when there is none.
  const tsr_weights* table() const { return weights_; }

 private:
  const tsr_weight* find(std::string_view name) const {
    if (size() == 0) return nullptr;
    const tsr_weight* const* end = weights_->items + weights_->count;
    const tsr_weight* const* found = std::lower_bound(
        weights_->items, end, name,
        [](const tsr_weight* weight, std::string_view wanted) { return view(weight->name) < wanted; });
    return found != end && view((*found)->name) == name ? *found : nullptr;
  }

  const tsr_host* host_ = nullptr;
  const tsr_weights* weights_ = nullptr;
};

}  // namespace tessera::sdk
