#include "plugins/qaic/files/specializations.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;

struct Row {
  const char* mode;
  DecoderShapes shapes;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"plain", {.prefill_seq_len = 128, .ctx_len = 4096}},
      {"plain, batch 4", {.prefill_seq_len = 128, .ctx_len = 4096, .batch_size = 4}},
      {"plain, prompts of 1", {.prefill_seq_len = 1, .ctx_len = 4096}},
      {"plain, prompts of 1, decode only",
       {.prefill_seq_len = 1, .ctx_len = 4096, .phase = Phase::kDecodeOnly}},
      {"continuous batching", {.prefill_seq_len = 128, .ctx_len = 4096, .full_batch_size = 4}},
      {"continuous batching, 8 slots",
       {.prefill_seq_len = 128, .ctx_len = 4096, .full_batch_size = 4, .kv_cache_batch_size = 8}},
      {"continuous batching, prompts of 1", {.prefill_seq_len = 1, .ctx_len = 4096, .full_batch_size = 4}},
      {"target, K 3",
       {.prefill_seq_len = 128, .ctx_len = 4096, .speculative_target = true, .num_speculative_tokens = {3}}},
      {"target, K 3, prompts of 4: decode stays",
       {.prefill_seq_len = 4, .ctx_len = 4096, .speculative_target = true, .num_speculative_tokens = {3}}},
      {"target, continuous batching, K 0 and 3",
       {.prefill_seq_len = 128,
        .ctx_len = 4096,
        .full_batch_size = 2,
        .speculative_target = true,
        .num_speculative_tokens = {0, 3}}},
      {"prefill only", {.prefill_seq_len = 128, .ctx_len = 4096, .phase = Phase::kPrefillOnly}},
      {"prefill only, continuous batching",
       {.prefill_seq_len = 128, .ctx_len = 4096, .full_batch_size = 4, .phase = Phase::kPrefillOnly}},
      {"decode only", {.prefill_seq_len = 128, .ctx_len = 4096, .phase = Phase::kDecodeOnly}},
      {"compute context lengths", {.prefill_seq_len = 128, .ctx_len = 8192, .ccl_enabled = true}},
      {"compute context lengths, continuous batching",
       {.prefill_seq_len = 128, .ctx_len = 4096, .full_batch_size = 4, .ccl_enabled = true}}};
  return kRows;
}

/// "Prefill batch_size=1 seq_len=128 ctx_len=4096"
std::string line(const Specialization& entry) {
  std::string text = entry.name;
  for (const auto& [symbol, value] : entry.symbols) text += " " + symbol + "=" + std::to_string(value);
  return text + "\n";
}

TEST(Specializations, OfEachMode) {
  std::string text;
  for (const Row& row : rows()) {
    text += std::string(row.mode) + "\n";
    for (const Specialization& entry : decoder_specializations(row.shapes)) text += "  " + line(entry);
  }
  text += "encoder\n";
  for (const Specialization& entry : encoder_specializations("Embedding", 2, {32}))
    text += "  " + line(entry);
  text += "classifier, three lengths\n";
  for (const Specialization& entry : encoder_specializations("SeqClassification", 1, {32, 64, 64, 128}))
    text += "  " + line(entry);
  EXPECT_GOLDEN(text, "../qaic/specializations.txt");
}

TEST(Specializations, FlatFile) {
  EXPECT_GOLDEN(specializations_json(decoder_specializations(rows()[0].shapes)),
                "../qaic/specializations-flat.json");
}

TEST(Specializations, NamedFile) {
  EXPECT_GOLDEN(specializations_json(decoder_specializations(rows()[4].shapes), SpecializationForm::kNamed),
                "../qaic/specializations-named.json");
}

TEST(Specializations, RefuseWhatMeansNothing) {
  EXPECT_EQ(error_of([] {
              encoder_specializations("Embedding", 1, {64, 32});
            }).message(),
            "seq_len is [64, 32], expected lengths that ascend from 1 or more");
  EXPECT_EQ(error_of([] { encoder_specializations("Embedding", 0, {64}); }).message(),
            "batch_size is 0, expected 1 or more");
  EXPECT_EQ(error_of([] { parse_specialization_form("falt"); }).remedy_text(), "did you mean 'flat'?");
}

}  // namespace
}  // namespace tessera::qaic
