#include "tests/runtime/api/golden_cases.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/checkpoint/safetensors.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path tests_folder() {
  return std::getenv("TESSERA_TEST_DATA");
}

std::vector<int64_t> ids(const json::object& object, const char* key) {
  std::vector<int64_t> numbers;
  if (const json::value* array = object.if_contains(key)) {
    for (const json::value& number : array->as_array()) numbers.push_back(number.as_int64());
  }
  return numbers;
}

}  // namespace

fs::path model_folder(const std::string& model) {
  return tests_folder() / "data" / "models" / model;
}

std::vector<GoldenCase> golden_cases(const std::string& model) {
  std::stringstream text;
  text << std::ifstream(tests_folder() / "golden" / model / "cases.json").rdbuf();
  std::vector<GoldenCase> cases;
  const json::value all = json::parse(text.str());
  for (const json::value& value : all.as_array()) {
    const json::object& object = value.as_object();
    cases.push_back({std::string(object.at("name").as_string()), ids(object, "input_ids"),
                     ids(object, "continuation_ids"), ids(object, "continuation_ids_no_cache")});
  }
  return cases;
}

NamedTensor golden_tensor(const std::string& model, const std::string& name_of_case,
                          const std::string& tensor) {
  const SafetensorsFile file =
      SafetensorsFile::open(tests_folder() / "golden" / model / (name_of_case + ".safetensors"));
  const StoredTensor* stored = file.find_tensor(tensor);
  if (stored == nullptr) return {};
  return {tensor, stored->dims, file.floats(tensor)};
}

double relative_difference(const NamedTensor& actual, const NamedTensor& expected) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (actual.dims != expected.dims) return infinity;
  const auto [low, high] = std::minmax_element(expected.data.begin(), expected.data.end());
  double largest = 0;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    const double difference =
        std::fabs(static_cast<double>(actual.data[i]) - static_cast<double>(expected.data[i]));
    if (std::isnan(difference)) return infinity;
    largest = std::max(largest, difference);
  }
  return largest / (static_cast<double>(*high) - static_cast<double>(*low));
}

}  // namespace tessera::test
