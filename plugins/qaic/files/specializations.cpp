#include "plugins/qaic/files/specializations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::qaic {
namespace {

/// "Decode", "Decode" -> "Decode_0", "Decode_1".
void number_names(std::vector<Specialization>& entries) {
  std::map<std::string, int> count, next;
  for (const Specialization& entry : entries) ++count[entry.name];
  for (Specialization& entry : entries) {
    if (count[entry.name] > 1) entry.name += fmt::format("_{}", next[entry.name]++);
  }
}

void add_once(std::vector<Specialization>& entries, Specialization entry) {
  const bool known = std::any_of(entries.begin(), entries.end(),
                                 [&](const Specialization& other) { return other.symbols == entry.symbols; });
  if (!known) entries.push_back(std::move(entry));
}

class DecoderEntries {
 public:
  explicit DecoderEntries(const DecoderShapes& shapes) : s_(shapes), ctx_len_(shapes.ctx_len) {
    if (!s_.ccl_enabled) return;
    lengths_ = context_lengths(s_);
    ctx_len_ = lengths_.ctx_len;
  }

  std::vector<Specialization> make() {
    // A prefill of one token is a decode step: one entry serves both.
    const bool one_serves_both = s_.prefill_seq_len == 1 && !s_.speculative_target;
    if (s_.phase != Phase::kDecodeOnly) add_prefill(one_serves_both ? decode_rows() : prefill_rows());
    if (s_.phase == Phase::kDecodeOnly || (s_.phase == Phase::kBoth && !one_serves_both)) add_decode();
    number_names(entries_);
    return std::move(entries_);
  }

 private:
  int64_t prefill_rows() const { return s_.continuous_batching() ? 1 : s_.batch_size; }
  int64_t decode_rows() const { return s_.continuous_batching() ? s_.full_batch_size : s_.batch_size; }

  void add_prefill(int64_t rows) {
    const std::vector<int64_t> none = {0};
    for (const int64_t length : s_.ccl_enabled ? lengths_.prefill : none)
      add("Prefill", rows, s_.prefill_seq_len, 1, length, rows);
  }

  void add_decode() {
    const std::vector<int64_t> none = {0};
    std::vector<int64_t> proposed = s_.speculative_target ? s_.num_speculative_tokens : none;
    std::sort(proposed.begin(), proposed.end());
    for (const int64_t k : proposed) {
      for (const int64_t length : s_.ccl_enabled ? lengths_.decode : none)
        add("Decode", decode_rows(), k + 1, k + 1, length, 0);
    }
  }

  /// `length` and `exec_rows` 0: no such symbol.
  void add(const char* name, int64_t rows, int64_t seq_len, int64_t kept, int64_t length, int64_t exec_rows) {
    Specialization entry{name, {{"batch_size", rows}, {"seq_len", seq_len}, {"ctx_len", ctx_len_}}};
    if (length > 0) entry.symbols.emplace_back("comp_ctx_lengths", length);
    if (s_.speculative_target) entry.symbols.emplace_back("num_logits_to_keep", kept);
    if (s_.continuous_batching()) entry.symbols.emplace_back("full_batch_size", s_.slots());
    if (s_.continuous_batching() && exec_rows > 0)
      entry.symbols.emplace_back("full_batch_exec_size", exec_rows);
    add_once(entries_, std::move(entry));
  }

  const DecoderShapes& s_;
  ContextLengths lengths_;
  int64_t ctx_len_;
  std::vector<Specialization> entries_;
};

std::string symbols_text(const Specialization& entry, int indent) {
  std::vector<std::string> lines;
  for (const auto& [symbol, value] : entry.symbols)
    lines.push_back(fmt::format("{:{}}\"{}\":\"{}\"", "", indent + 4, symbol, value));
  return fmt::format("{{\n{}\n{:{}}}}", fmt::join(lines, ",\n"), "", indent);
}

}  // namespace

std::vector<Specialization> decoder_specializations(const DecoderShapes& shapes) {
  check_shapes(shapes);
  return DecoderEntries(shapes).make();
}

std::vector<Specialization> encoder_specializations(const std::string& name, int64_t batch_size,
                                                    const std::vector<int64_t>& seq_lens) {
  if (batch_size < 1) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("batch_size is {}, expected 1 or more", batch_size))
        .key("batch_size");
  }
  const bool ascends = std::is_sorted(seq_lens.begin(), seq_lens.end());
  if (seq_lens.empty() || seq_lens.front() < 1 || !ascends) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("seq_len is [{}], expected lengths that ascend from 1 or more",
                            fmt::join(seq_lens, ", ")))
        .key("seq_len")
        .remedy("list the lengths from the shortest to the longest");
  }
  std::vector<Specialization> entries;
  for (const int64_t seq_len : seq_lens)
    add_once(entries, {name, {{"batch_size", batch_size}, {"seq_len", seq_len}}});
  number_names(entries);
  return entries;
}

SpecializationForm parse_specialization_form(const std::string& text) {
  if (text == "flat") return SpecializationForm::kFlat;
  if (text == "named") return SpecializationForm::kNamed;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown form of specializations '{}'", text))
      .key("specializations")
      .remedy(did_you_mean(text, std::vector<std::string>{"flat", "named"}));
}

std::string specializations_json(const std::vector<Specialization>& entries, SpecializationForm form) {
  std::vector<std::string> texts;
  for (const Specialization& entry : entries) {
    texts.push_back(form == SpecializationForm::kFlat
                        ? "        " + symbols_text(entry, 8)
                        : fmt::format("        {{\n            \"name\":\"{}\",\n            \"symbols\":{}\n"
                                      "        }}",
                                      entry.name, symbols_text(entry, 12)));
  }
  return fmt::format("{{\n    \"specializations\":[\n{}\n    ]\n}}\n", fmt::join(texts, ",\n"));
}

}  // namespace tessera::qaic
