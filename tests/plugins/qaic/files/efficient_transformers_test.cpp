/// specializations.json of every mode as Efficient Transformers writes it:
/// tests/data/qaic_specializations.json has its entries. The order of entries counts, that of keys does not.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "plugins/qaic/files/specializations.hpp"

namespace tessera::qaic {
namespace {

namespace json = boost::json;

json::value read_modes() {
  const char* root = std::getenv("TESSERA_TEST_DATA");
  std::ifstream in(std::string(root ? root : "tests") + "/data/qaic_specializations.json", std::ios::binary);
  return json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

/// The options of one mode by their names.
DecoderShapes shapes_of(const json::object& options) {
  DecoderShapes shapes;
  const auto take = [&](const char* name, int64_t& out) {
    if (options.contains(name)) out = options.at(name).as_int64();
  };
  take("prefill_seq_len", shapes.prefill_seq_len);
  take("ctx_len", shapes.ctx_len);
  take("batch_size", shapes.batch_size);
  take("full_batch_size", shapes.full_batch_size);
  take("kv_cache_batch_size", shapes.kv_cache_batch_size);
  if (options.contains("prefill_only")) shapes.phase = Phase::kPrefillOnly;
  if (!options.contains("num_speculative_tokens")) return shapes;
  shapes.speculative_target = true;
  for (const json::value& k : options.at("num_speculative_tokens").as_array())
    shapes.num_speculative_tokens.push_back(k.as_int64());
  return shapes;
}

TEST(EfficientTransformers, WritesTheSameSpecializations) {
  const json::value modes = read_modes();
  ASSERT_GE(modes.as_array().size(), 8u);
  for (const json::value& mode : modes.as_array()) {
    const auto entries = decoder_specializations(shapes_of(mode.at("options").as_object()));
    EXPECT_EQ(json::parse(specializations_json(entries)), mode.at("flat")) << mode.at("mode");
    EXPECT_EQ(json::parse(specializations_json(entries, SpecializationForm::kNamed)), mode.at("named"))
        << mode.at("mode");
  }
}

/// There Efficient Transformers loses the decode entry of a target without continuous batching.
TEST(EfficientTransformers, ATargetWhosePrefillIsKPlusOneKeepsItsDecodeEntry) {
  DecoderShapes shapes;
  shapes.prefill_seq_len = 4;
  shapes.speculative_target = true;
  shapes.num_speculative_tokens = {3};
  const auto entries = decoder_specializations(shapes);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].symbols.back(), (std::pair<std::string, int64_t>("num_logits_to_keep", 4)));
}

}  // namespace
}  // namespace tessera::qaic
