// The way of the data from a checkpoint to logits, against what Hugging Face's own code computes
// (tests/golden).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/json/json.hpp"
#include "core/plugin/registry.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using Floats = std::vector<float>;
using Ids = std::vector<int64_t>;

constexpr double kTolerance = 2e-5;  // of the tensor's range: tests/golden/README.md

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The plugins of the build: all files of TESSERA_TEST_PLUGINS, separated by colons.
const PluginRegistry& registry() {
  static PluginRegistry& loaded = *new PluginRegistry([] {
    plugin::Search search;
    const std::string files = env("TESSERA_TEST_PLUGINS");
    for (size_t at = 0; at < files.size();) {
      const size_t end = std::min(files.find(':', at), files.size());
      search.named.push_back({files.substr(at, end - at), "TESSERA_TEST_PLUGINS"});
      at = end + 1;
    }
    return search;
  }());
  return loaded;
}

// A checkpoint's tensors as plugins read them.
class CheckpointWeights {
 public:
  explicit CheckpointWeights(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
    for (const TensorEntry& t : checkpoint.tensors()) {
      tsr_weight weight{};
      weight.struct_size = sizeof(weight);
      weight.dtype = static_cast<int32_t>(onnx_data_type(t.dtype));
      weight.name = sdk::borrow(t.name);
      weight.dims = t.dims.data();
      weight.rank = t.dims.size();
      weight.location = sdk::borrow(t.location);
      weight.offset = t.offset;
      weight.length = t.length;
      items_.push_back(weight);
    }
    for (const tsr_weight& item : items_) pointers_.push_back(&item);
    c_.struct_size = sizeof(c_);
    c_.ctx = this;
    c_.count = items_.size();
    c_.items = pointers_.data();
    c_.map = [](void* ctx, tsr_str location, uint64_t offset, uint64_t length,
                tsr_buffer* out) -> tsr_status* {
      auto view = std::make_unique<MappedView>(
          static_cast<CheckpointWeights*>(ctx)->checkpoint_.map(sdk::view(location), offset, length));
      out->data = view->data();
      out->size = view->size();
      out->release = [](void* held) { delete static_cast<MappedView*>(held); };
      out->ctx = view.release();
      return nullptr;
    };
    c_.drop = [](void* ctx, tsr_str location, uint64_t offset, uint64_t length) {
      static_cast<CheckpointWeights*>(ctx)->checkpoint_.drop_pages(sdk::view(location), offset, length);
    };
  }
  CheckpointWeights(const CheckpointWeights&) = delete;
  CheckpointWeights& operator=(const CheckpointWeights&) = delete;
  const tsr_weights* c() const { return &c_; }

 private:
  const Checkpoint& checkpoint_;
  std::vector<tsr_weight> items_;
  std::vector<const tsr_weight*> pointers_;
  tsr_weights c_{};
};

Ids ids_of(const boost::json::value& list) {
  Ids ids;
  for (const boost::json::value& id : list.as_array()) ids.push_back(id.to_number<int64_t>());
  return ids;
}

class Golden : public testing::TestWithParam<const char*> {
 protected:
  std::string name = GetParam();
  std::string data = env("TESSERA_TEST_DATA");
  Checkpoint checkpoint = Checkpoint::open(data + "/data/models/" + name);
  CheckpointWeights weights{checkpoint};
  std::string pure = registry()
                         .select_architecture(checkpoint.config_text())
                         .build({checkpoint.config_text(), "", weights.c(), {}, {}});
  TinyConfig config = facts();  // what the runners need to know
  boost::json::value cases = read_cases();

  TinyConfig facts() const {
    const graph::Model model = graph::read_model(pure);
    TinyConfig c;
    c.vocab = graph::metadata_int(model, "tessera.vocab_size");
    c.dynamic = graph::find_metadata(model, "tessera.rope_length") != nullptr;
    return c;
  }

  boost::json::value read_cases() const {
    const std::string path = data + "/golden/" + name + "/cases.json";
    std::ifstream file(path, std::ios::binary);
    return parse_json(std::string(std::istreambuf_iterator<char>(file), {}), path);
  }

  Floats expected_logits(const boost::json::value& item) const {
    const std::string path =
        data + "/golden/" + name + "/" + std::string(item.at("name").as_string()) + ".safetensors";
    return SafetensorsFile::open(path).floats("logits");
  }

  plugin::Program compile_on_slots() const {
    std::string model = pure;
    const sdk::Value passes = registry().find_backend("cpu").property("passes.default");
    for (const std::string& pass : passes.as_text_list()) {
      plugin::OptionList options;
      if (pass == "select-logits") options = {{"mode", "rows"}};
      if (auto changed = registry().find_transform(pass).apply({model, "", weights.c(), options, {}}))
        model = *changed;
    }
    return registry().find_backend("cpu").compile({model, "", weights.c(), {}, {}});
  }

  Floats in_chunks(const plugin::Program& program, const Ids& ids, size_t chunk) const {
    SlotRunner runner(program, config, 1, 1024);
    std::vector<Row> rows = rows_of(ids);
    for (Row& row : rows) row.rope_length = static_cast<int64_t>(ids.size());
    Floats all;
    for (size_t at = 0; at < rows.size(); at += chunk) {
      const auto begin = rows.begin() + static_cast<int64_t>(at);
      const Floats part =
          runner.step({begin, begin + static_cast<int64_t>(std::min(chunk, rows.size() - at))});
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
};

TEST_P(Golden, PureGraphAndCacheEqualHuggingFace) {
  const plugin::Program stateless = registry().find_backend("cpu").compile({pure, "", weights.c(), {}, {}});
  const plugin::Program cached = compile_on_slots();
  double largest = 0;
  for (const boost::json::value& item : cases.as_array()) {
    const Ids ids = ids_of(item.at("input_ids"));
    Ids positions(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) positions[i] = static_cast<int64_t>(i);
    const Ids lengths(ids.size(), static_cast<int64_t>(ids.size()));
    const Floats logits = run_pure(stateless, config, ids, positions, 1, lengths);
    const double difference = relative_difference(logits, expected_logits(item));
    EXPECT_LT(difference, kTolerance) << item.at("name");
    largest = std::max(largest, difference);
    EXPECT_EQ(in_chunks(cached, ids, ids.size()), logits) << item.at("name");
    EXPECT_EQ(in_chunks(cached, ids, 13), logits) << item.at("name");
  }
  RecordProperty("largest_difference_of_range", fmt::format("{:.1e}", largest));
}

TEST_P(Golden, PlainExecutorEqualsHuggingFace) {
  graph::Model model = graph::read_model(pure);
  graph::inline_functions(model);
  const std::string bytes = graph::write_model(model);
  const plugin::Program plain = registry().find_backend("cpu").compile({bytes, "", weights.c(), {}, {}});
  for (const boost::json::value& item : cases.as_array()) {
    const Ids ids = ids_of(item.at("input_ids"));
    if (ids.size() > 200) continue;  // plain operators take their time
    Ids positions(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) positions[i] = static_cast<int64_t>(i);
    const Ids lengths(ids.size(), static_cast<int64_t>(ids.size()));
    const Floats logits = run_pure(plain, config, ids, positions, 1, lengths);
    EXPECT_LT(relative_difference(logits, expected_logits(item)), kTolerance) << item.at("name");
  }
}

TEST_P(Golden, GreedyContinuationIsTheSame) {
  const plugin::Program cached = compile_on_slots();
  for (const boost::json::value& item : cases.as_array()) {
    const Ids prompt = ids_of(item.at("input_ids")), expected = ids_of(item.at("continuation_ids"));
    SlotRunner runner(cached, config, 1, 1024);
    std::vector<Row> rows = rows_of(prompt);
    for (Row& row : rows) row.rope_length = static_cast<int64_t>(prompt.size());
    Ids continuation;
    while (continuation.size() < expected.size()) {
      const Floats logits = runner.step(rows);
      const auto last = logits.end() - config.vocab;
      continuation.push_back(std::max_element(last, logits.end()) - last);
      const int64_t position = rows.back().position + 1;
      rows = {{continuation.back(), position, 0, position + 1}};
    }
    EXPECT_EQ(continuation, expected) << item.at("name");
  }
}

INSTANTIATE_TEST_SUITE_P(Llama, Golden,
                         testing::Values("llama-stories260k", "llama3-tiny", "rope-linear", "rope-dynamic",
                                         "rope-yarn", "rope-longrope"),
                         [](const testing::TestParamInfo<const char*>& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera::cpu
