#include "core/graph/weight_stream.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/graph/float_formats.hpp"
#include "tessera/sdk/dtype.hpp"

namespace tessera::graph {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;
/// Elements that go through all steps together, while they are in the nearest cache.
constexpr size_t kBlock = 2048;

/// Where the source's bytes come from: a file, or the model.
class Source {
 public:
  Source(const WeightRecipe& recipe, const ReadWeights& read) : recipe_(recipe), read_(read) {}
  void get(uint64_t offset, uint64_t size, char* into) const {
    if (recipe_.inside)
      std::memcpy(into, recipe_.inside_bytes.data() + offset, size);
    else
      read_(recipe_.source.location, recipe_.source.offset + offset, size, into);
  }

 private:
  const WeightRecipe& recipe_;
  const ReadWeights& read_;
};

void clip(float* values, size_t count, float low, float high) {
  for (size_t i = 0; i < count; ++i) {
    const float v = values[i];
    values[i] = v < low ? low : v > high ? high : v;  // what is no number stays so
  }
}

/// All steps on elements of the source, which stand at `in`, to elements of the result at `out`.
void apply_steps(const WeightRecipe& recipe, const char* in, size_t count, char* out) {
  float values[kBlock];
  const size_t from = element_size(recipe.source_dtype), to = element_size(recipe.dtype);
  for (size_t done = 0; done < count;) {
    const size_t block = std::min(kBlock, count - done);
    to_floats(recipe.source_dtype, in + done * from, block, values);
    for (const WeightStep& step : recipe.steps) {
      if (step.kind == WeightStep::kClip) clip(values, block, step.low, step.high);
      // A cast to float16 that is not the last step still rounds.
      else if (step.to == DataType::kFloat16 && &step != &recipe.steps.back())
        round_to_float16(values, block);
    }
    from_floats(recipe.dtype, values, block, out + done * to);
    done += block;
  }
}

/// Runs of neighbouring rows of the source, as [first, count).
std::vector<std::pair<uint64_t, uint64_t>> runs_of(const std::vector<int64_t>& rows) {
  std::vector<std::pair<uint64_t, uint64_t>> runs;
  for (const int64_t row : rows) {
    const auto number = static_cast<uint64_t>(row);
    if (!runs.empty() && runs.back().first + runs.back().second == number)
      ++runs.back().second;
    else
      runs.emplace_back(number, 1);
  }
  return runs;
}

}  // namespace

void stream_weight(const WeightRecipe& recipe, const ReadWeights& read, const TakeBytes& take) {
  const Source source(recipe, read);
  const uint64_t from = element_size(recipe.source_dtype), to = element_size(recipe.dtype);
  std::vector<std::pair<uint64_t, uint64_t>> runs;  // of elements
  for (const auto& [first, count] : runs_of(recipe.rows))
    runs.emplace_back(first * recipe.row_elements, count * recipe.row_elements);
  if (recipe.rows.empty()) runs.emplace_back(0, recipe.bytes / to);
  std::vector<char> in, out;
  for (const auto& [first, count] : runs) {
    for (uint64_t done = 0; done < count;) {
      const uint64_t elements = std::min(count - done, kPieceBytes / from);
      in.resize(elements * from);
      source.get((first + done) * from, in.size(), in.data());
      if (recipe.steps.empty()) {
        take({in.data(), in.size()});
      } else {
        out.resize(elements * to);
        apply_steps(recipe, in.data(), elements, out.data());
        take({out.data(), out.size()});
      }
      done += elements;
    }
  }
}

}  // namespace tessera::graph
