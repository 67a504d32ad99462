// Operators on text: StringNormalizer and TfIdfVectorizer.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

enum class Case { kNone, kLower, kUpper };

// ASCII only: other letters depend on the locale attribute, and this program has no locales.
std::string with_case(std::string text, Case change) {
  if (change == Case::kNone) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80)
      throw Error(ErrorCode::kNotSupported, "changing the case of letters beyond ASCII is not supported");
    if (change == Case::kLower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (change == Case::kUpper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// Drops stop words, changes the case of the rest. [C] or [1, C]; nothing left gives one empty string.
Kernel compile_string_normalizer(NodeSpec& node) {
  node.expect_inputs(1, 1);
  std::string action = node.get_string("case_change_action", "NONE");
  Case change = action == "LOWER" ? Case::kLower : action == "UPPER" ? Case::kUpper : Case::kNone;
  if (change == Case::kNone && action != "NONE")
    node.fail(fmt::format("'case_change_action' is '{}'", action));
  bool sensitive = node.get_int("is_case_sensitive", 0);
  std::vector<std::string> stop_words = node.get_strings("stopwords");
  return [=](Context& run) {
    const Tensor& x = run.input(0);
    if (x.rank() != 1 && !(x.rank() == 2 && x.dim(0) == 1))
      throw Error(ErrorCode::kInvalidArgument, "[count] or [1, count] is expected");
    Case compared = sensitive || stop_words.empty() ? Case::kNone : Case::kLower;
    std::vector<std::string> kept;
    for (int64_t i = 0; i < x.size(); ++i) {
      std::string word = x.data<std::string>()[i];
      bool stop = std::any_of(stop_words.begin(), stop_words.end(), [&](const std::string& stop_word) {
        return with_case(word, compared) == with_case(stop_word, compared);
      });
      if (!stop) kept.push_back(with_case(word, change));
    }
    if (kept.empty()) kept.emplace_back();
    int64_t count = static_cast<int64_t>(kept.size());
    run.set_output(0, Tensor::of<std::string>(x.rank() == 1 ? Dims{count} : Dims{1, count}, kept));
  };
}

// Counts n-grams of a pool, with gaps of up to max_skip_count between their items.
struct TfIdf {
  std::map<std::vector<std::string>, size_t> strings;  // n-gram -> its number
  std::map<std::vector<int64_t>, size_t> integers;
  std::vector<int64_t> indexes;  // column by number
  std::vector<float> weights;
  int64_t min_length, max_length, max_skip, columns;
  std::string mode;

  template <class T>
  void count(const std::map<std::vector<T>, size_t>& grams, const T* row, int64_t length, float* out) const {
    for (int64_t n = min_length; n <= max_length; ++n) {
      // A single item has no gap; counting it for each skip would count it several times.
      int64_t skips = n == 1 ? 0 : max_skip;
      for (int64_t skip = 0; skip <= skips; ++skip)
        for (int64_t first = 0; first + (n - 1) * (skip + 1) < length; ++first) {
          std::vector<T> gram;
          for (int64_t i = 0; i < n; ++i) gram.push_back(row[first + i * (skip + 1)]);
          auto found = grams.find(gram);
          if (found != grams.end()) out[indexes[found->second]] += 1;
        }
    }
  }

  void weigh(float* out) const {
    if (mode == "TF") return;
    for (size_t i = 0; i < indexes.size(); ++i) {
      float weight = weights.empty() ? 1 : weights[i];
      float& value = out[indexes[i]];
      value = mode == "IDF" ? (value > 0 ? weight : 0) : value * weight;
    }
  }
};

template <class T>
std::map<std::vector<T>, size_t> split_pool(NodeSpec& node, const std::vector<T>& pool) {
  std::vector<int64_t> starts = node.get_ints("ngram_counts");
  std::map<std::vector<T>, size_t> grams;
  if (pool.empty()) return grams;  // the other pool is in use
  size_t number = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    int64_t end = n < starts.size() ? starts[n] : static_cast<int64_t>(pool.size());
    if (starts[n - 1] < 0 || end > static_cast<int64_t>(pool.size()) ||
        (end - starts[n - 1]) % static_cast<int64_t>(n) != 0)
      node.fail("'ngram_counts' does not fit the pool");
    for (int64_t at = starts[n - 1]; at < end; at += static_cast<int64_t>(n))
      grams[std::vector<T>(pool.begin() + at, pool.begin() + at + static_cast<int64_t>(n))] = number++;
  }
  return grams;
}

Kernel compile_tf_idf(NodeSpec& node) {
  node.expect_inputs(1, 1);
  TfIdf how{{},
            {},
            node.get_ints("ngram_indexes"),
            node.get_floats("weights"),
            node.get_int("min_gram_length"),
            node.get_int("max_gram_length"),
            node.get_int("max_skip_count"),
            0,
            node.get_string("mode", "")};
  how.strings = split_pool(node, node.get_strings("pool_strings"));
  how.integers = split_pool(node, node.get_ints("pool_int64s"));
  size_t grams = std::max(how.strings.size(), how.integers.size());
  for (int64_t index : how.indexes) how.columns = std::max(how.columns, index + 1);
  bool fits = how.indexes.size() == grams && (how.weights.empty() || how.weights.size() == grams) &&
              how.min_length >= 1 && how.max_length >= how.min_length && how.max_skip >= 0 &&
              (how.mode == "TF" || how.mode == "IDF" || how.mode == "TFIDF");
  for (int64_t index : how.indexes) fits = fits && index >= 0;
  if (!fits) node.fail("the attributes do not fit one another");
  return [how](Context& run) {
    const Tensor& x = run.input(0);
    if (x.rank() != 1 && x.rank() != 2)
      throw Error(ErrorCode::kInvalidArgument, "[count] or [rows, count] is expected");
    int64_t rows = x.rank() == 2 ? x.dim(0) : 1, length = x.dims().back();
    Tensor& out =
        run.output(0, DataType::kFloat, x.rank() == 2 ? Dims{rows, how.columns} : Dims{how.columns});
    float* y = out.mutable_data<float>();
    std::fill_n(y, out.size(), 0.0f);
    Tensor numbers = x.dtype() == DataType::kString ? Tensor() : cast(x, DataType::kInt64, &run.pool());
    for (int64_t r = 0; r < rows; ++r, y += how.columns) {
      if (numbers.has_value())
        how.count(how.integers, numbers.data<int64_t>() + r * length, length, y);
      else
        how.count(how.strings, x.data<std::string>() + r * length, length, y);
      how.weigh(y);
    }
  };
}

}  // namespace

void register_text(KernelRegistry& registry) {
  registry.add("", "StringNormalizer", 10, compile_string_normalizer);
  registry.add("", "TfIdfVectorizer", 9, compile_tf_idf);
}

}  // namespace tessera::exec
