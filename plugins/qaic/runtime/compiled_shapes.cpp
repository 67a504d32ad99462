#include "compiled_shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "plugins/qaic/qpc/elements.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr std::string_view kRetained = "_RetainedState";

Error malformed(const std::string& name, std::string message) {
  return Error(ErrorCode::kCorruptData, "malformed qpc: " + std::move(message)).key(name);
}

}  // namespace

CompiledShapes::CompiledShapes(IoDesc io) : io_(std::move(io)) {
  for (size_t i = 0; i < bindings().size(); ++i) {
    const IoBinding& binding = bindings()[i];
    if (binding.index != i) throw malformed(binding.name, "its bindings are not in order");
    if (!index_.emplace(binding.name, i).second)
      throw malformed(binding.name, fmt::format("two bindings are called '{}'", binding.name));
    if (!dtype_of(binding.type))
      throw Error(ErrorCode::kNotSupported, fmt::format("binding '{}' has elements of {}", binding.name,
                                                        io_data_type_name(binding.type)))
          .key(binding.name);
  }
  check_shapes();
  find_states();
  read_sizes();
}

/// Buffers are as large as their binding says: no shape may need more.
void CompiledShapes::check_shapes() const {
  for (const IoShapes& shapes : io_.allowed_shapes) {
    if (shapes.size() != bindings().size())
      throw malformed("allowed_shapes", "a specialization has not one shape for each binding");
    for (size_t i = 0; i < shapes.size(); ++i) {
      const IoBinding& binding = bindings()[i];
      const bool positive = std::all_of(shapes[i].dims.begin(), shapes[i].dims.end(),
                                        [](int64_t dim) { return dim > 0 && dim <= INT32_MAX; });
      if (positive && shapes[i].dims.size() == binding.dims.size() &&
          tensor_bytes(binding.type, shapes[i].dims) <= binding.size)
        continue;
      throw malformed(binding.name, fmt::format("a shape of binding '{}' does not fit it", binding.name));
    }
  }
  for (const IoBinding& binding : bindings())
    if (tensor_bytes(binding.type, binding.dims) != binding.size)
      throw malformed(binding.name,
                      fmt::format("the size of binding '{}' is not that of its shape", binding.name));
}

const IoBinding* CompiledShapes::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &bindings()[found->second];
}

const std::vector<int64_t>& CompiledShapes::dims(size_t index, size_t binding) const {
  return io_.allowed_shapes.empty() ? bindings()[binding].dims : io_.allowed_shapes[index][binding].dims;
}

void CompiledShapes::find_states() {
  state_.assign(bindings().size(), false);
  for (size_t i = 0; i < bindings().size(); ++i) {
    const std::string& name = bindings()[i].name;
    if (!bindings()[i].output || !name.ends_with(kRetained)) continue;
    const IoBinding* input = find(name.substr(0, name.size() - kRetained.size()));
    if (input == nullptr || input->output)
      throw malformed(name, fmt::format("the state '{}' has no input", name));
    const bool sampler_buffer = input->dims.size() == 2;  // [slots, vocab], without positions
    if (input->dims != bindings()[i].dims || input->dims.size() < 2)
      throw malformed(name, fmt::format("the state '{}' is not shaped as its input", name));
    if (!input->partial_allowed || !bindings()[i].partial_allowed) continue;  // the host carries it
    pairs_.push_back({input->index, i});
    state_[input->index] = state_[i] = true;
    state_bytes_ += input->size;
    if (sampler_buffer) continue;
    const int64_t slots = input->dims[0], ctx_len = input->dims[input->dims.size() - 2];
    if (slots_ > 0 && (slots != slots_ || ctx_len != ctx_len_))
      throw malformed(name, fmt::format("the state '{}' has other slots or positions than the first", name));
    slots_ = slots;
    ctx_len_ = ctx_len;
  }
}

void CompiledShapes::read_sizes() {
  const auto input = index_.find("input_ids");
  if (input == index_.end() || bindings()[input->second].output) {
    throw Error(ErrorCode::kNotSupported, "the program has no input 'input_ids': it runs no text")
        .key("input_ids");
  }
  const auto logits = index_.find("logits"), keys = index_.find("comp_ctx_lengths");
  for (size_t i = 0; i < std::max<size_t>(io_.allowed_shapes.size(), 1); ++i) {
    const std::vector<int64_t>& ids = dims(i, input->second);
    if (ids.size() != 2 || ids[0] < 1 || ids[1] < 1)
      throw malformed("input_ids", "'input_ids' is not shaped [batch, seq]");
    ShapeSizes sizes{i, ids[0], ids[1], 1, 0};
    if (has_state() && logits != index_.end() && dims(i, logits->second).size() == 3)
      sizes.logits = dims(i, logits->second)[1];
    if (keys != index_.end() && dims(i, keys->second).size() == 1)
      sizes.key_length = dims(i, keys->second)[0];
    sizes_.push_back(sizes);
  }
}

const ShapeSizes& CompiledShapes::choose(const Wish& wish) const {
  const ShapeSizes* best = nullptr;
  // Few columns first, then the fewest rows that hold all, or the most rows there are.
  const auto rank = [&](const ShapeSizes& s) {
    const bool holds = s.rows >= wish.rows;
    return std::tuple(s.columns, s.key_length, !holds, holds ? s.rows : -s.rows);
  };
  for (const ShapeSizes& s : sizes_) {
    const bool fits = s.columns >= wish.columns && s.logits == wish.logits &&
                      (s.key_length == 0 || s.key_length > wish.last_position);
    if (fits && (best == nullptr || rank(s) < rank(*best))) best = &s;
  }
  if (best != nullptr) return *best;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("the program has no shape for {} rows of {} tokens; it has {}", wish.rows,
                          wish.columns, text()))
      .remedy("compile for that size");
}

namespace {

std::vector<int64_t> sorted_pairs(std::vector<std::pair<int64_t, int64_t>> pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::vector<int64_t> flat;
  for (const auto& [rows, columns] : pairs) {
    flat.push_back(rows);
    flat.push_back(columns);
  }
  return flat;
}

}  // namespace

std::vector<int64_t> CompiledShapes::prefill() const {
  std::vector<std::pair<int64_t, int64_t>> found;
  const auto add = [&](bool several) {
    for (const ShapeSizes& s : sizes_)
      if (s.logits == 1 && (s.columns > 1) == several) found.emplace_back(s.rows, s.columns);
  };
  add(true);
  if (found.empty()) add(false);
  return sorted_pairs(std::move(found));
}

std::vector<int64_t> CompiledShapes::verify() const {
  std::vector<std::pair<int64_t, int64_t>> found;
  for (const ShapeSizes& s : sizes_)
    if (s.columns > 1 && s.logits == s.columns) found.emplace_back(s.rows, s.columns);
  return sorted_pairs(std::move(found));
}

std::vector<int64_t> CompiledShapes::decode() const {
  std::vector<int64_t> rows;
  for (const ShapeSizes& s : sizes_)
    if (s.columns == 1 && s.logits == 1) rows.push_back(s.rows);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

std::string CompiledShapes::text() const {
  std::string text;
  for (const ShapeSizes& s : sizes_) {
    if (!text.empty()) text += ", ";
    text += fmt::format("[{}, {}]", s.rows, s.columns);
    if (s.logits > 1) text += fmt::format(" with {} logits", s.logits);
  }
  return text;
}

}  // namespace tessera::qaic
