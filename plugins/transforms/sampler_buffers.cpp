#include "sampler_buffers.hpp"

#include "value_names.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::fixed_dim;

namespace {

class Buffers {
 public:
  Buffers(SamplerWriter& writer, const SamplerShapes& shapes)
      : w_(writer), s_(shapes), zero_(w_.integer("zero", 0)), one_(w_.integer("one", 1)) {}

  SeenTokens write() {
    read_rows();
    read_tokens();
    if (s_.slots) find_rows_of_slots();
    const std::string spare = w_.integer("spare_token", s_.vocab);
    const auto index = [&](const char* name, const std::string& counted) {
      return w_.whole(name, "Where", {counted, fed_, spare}, s_.tokens());
    };
    SeenTokens seen;
    seen.repetition = update("repetition", sampler::kRepetitionBuffer, index("seen_tokens", known_), known_);
    seen.presence = update("presence", sampler::kPresenceBuffer, index("drawn_tokens", drawn_), drawn_);
    return seen;
  }

 private:
  void read_rows() {
    const std::string largest = w_.whole("largest", "ReduceMax", {kPositionIds}, s_.column(),
                                         {graph::ints_attribute("axes", {1}), SamplerWriter::keepdims(1)});
    used_ = w_.boolean("used", "GreaterOrEqual", {largest, zero_}, s_.column());
    const std::string first = w_.whole("first", "Gather", {kPositionIds, w_.integers("first_column", {0})},
                                       s_.column(), {SamplerWriter::axis(1)});
    starts_ = w_.boolean("starts", "Equal", {first, zero_}, s_.column());
    goes_on_ = w_.boolean("goes_on", "Not", {starts_}, s_.column());
    const std::string numbers = w_.whole(
        "row_range", "Range", {zero_, w_.dimension("row_count", sampler::kInputIds, 2, 0), one_}, {s_.batch});
    const std::string apart = w_.unsqueeze("row_numbers", numbers, {1}, DataType::kInt64, s_.column());
    const std::string shape = w_.whole("tokens_shape", "Shape", {sampler::kInputIds}, {fixed_dim(2)});
    row_numbers_ =
        w_.unsqueeze("row_indices", w_.whole("row_of_token", "Expand", {apart, shape}, s_.tokens()), {2},
                     DataType::kInt64, token_index());
  }

  /// Which tokens are fed, and which of them count.
  void read_tokens() {
    const std::string several =
        w_.boolean("several", "Greater", {w_.dimension("columns", sampler::kInputIds, 2, 1), one_}, {});
    const std::string prompt = w_.boolean("prompt", "Or", {starts_, several}, s_.column());
    fed_ = w_.whole("fed", "Where", {prompt, sampler::kInputIds, sampler::kAcceptedTokens}, s_.tokens());
    const std::string placed = w_.boolean("placed", "GreaterOrEqual", {kPositionIds, zero_}, s_.tokens());
    const std::string given = w_.boolean("given", "GreaterOrEqual", {fed_, zero_}, s_.tokens());
    known_ = w_.boolean("known", "And", {placed, given}, s_.tokens());
    const std::string output = w_.boolean("output", "Not", {prompt}, s_.column());
    drawn_ = w_.boolean("drawn", "And", {known_, output}, s_.tokens());
  }

  /// The row of the call that names each slot, and whether there is one.
  void find_rows_of_slots() {
    const graph::Dimension slots = s_.buffer_rows;
    const std::string numbers =
        w_.whole("slot_range", "Range",
                 {zero_, w_.dimension("slot_count", sampler::kRepetitionBuffer, 2, 0), one_}, {slots});
    const std::string column =
        w_.unsqueeze("slot_numbers", numbers, {1}, DataType::kInt64, {slots, fixed_dim(1)});
    const std::string none = w_.integer("no_slot", -1);
    const std::string named = w_.whole("named_slots", "Where", {used_, kBatchIndex, none}, s_.column());
    const std::string row = w_.whole("named_slots_row", "Transpose", {named}, {fixed_dim(1), s_.batch},
                                     {graph::ints_attribute("perm", {1, 0})});
    const Shape pairs = {slots, s_.batch};
    const std::string equal = w_.boolean("slot_is_named", "Equal", {column, row}, pairs);
    const std::string by_row = w_.cast("slot_is_named_real", equal, DataType::kFloat, pairs);
    row_of_slot_ = w_.whole("row_of_slot", "ArgMax", {by_row}, {slots},
                            {SamplerWriter::axis(1), SamplerWriter::keepdims(0)});
    const std::string any = w_.real("slot_is_used_real", "ReduceMax", {by_row}, {slots, fixed_dim(1)},
                                    {graph::ints_attribute("axes", {1}), SamplerWriter::keepdims(1)});
    slot_is_used_ = w_.cast("slot_is_used", any, DataType::kBool, {slots, fixed_dim(1)});
    const std::string flat =
        w_.whole("slot_of_row", "Squeeze", {kBatchIndex, w_.integers("slot_axes", {1})}, {s_.batch});
    slot_to_read_ = w_.whole("slot_to_read", "Max", {flat, zero_}, {s_.batch});
  }

  /// -> [batch, vocab]; `index` [batch, seq] is the spare token where `marks` is false.
  std::string update(const std::string& kind, const std::string& buffer, const std::string& index,
                     const std::string& marks) {
    const auto name = [&](const char* part) { return kind + "_" + part; };
    const Shape wide = {s_.batch, fixed_dim(s_.vocab + 1)};
    const std::string rows = s_.slots ? w_.boolean(name("rows").c_str(), "Gather", {buffer, slot_to_read_},
                                                   s_.vocabulary(), {SamplerWriter::axis(0)})
                                      : buffer;
    const std::string before = w_.boolean(name("before").c_str(), "And", {rows, goes_on_}, s_.vocabulary());
    // What stands in the spare column does not matter.
    const std::string widened =
        w_.boolean(name("widened").c_str(), "Concat", {before, starts_}, wide, {SamplerWriter::axis(1)});
    const std::string columns = w_.unsqueeze(name("columns"), index, {2}, DataType::kInt64, token_index());
    const std::string places = w_.whole(name("places").c_str(), "Concat", {row_numbers_, columns},
                                        {s_.batch, s_.seq, fixed_dim(2)}, {SamplerWriter::axis(2)});
    const std::string marked =
        w_.boolean(name("marked").c_str(), "ScatterND", {widened, places, marks}, wide);
    std::string seen = w_.boolean(name("seen").c_str(), "Slice",
                                  {marked, w_.integers(name("from"), {0}),
                                   w_.integers(name("to"), {s_.vocab}), w_.integers(name("axis"), {1})},
                                  s_.vocabulary());
    retain(kind, buffer, seen);
    return seen;
  }

  /// `seen` where a row of this call has the buffer's row, else what was there. By And and Or: some runtimes
  /// have no Where of booleans.
  void retain(const std::string& kind, const std::string& buffer, const std::string& seen) {
    const auto name = [&](const char* part) { return kind + "_" + part; };
    const std::string by_row = s_.slots ? w_.boolean(name("by_slot").c_str(), "Gather", {seen, row_of_slot_},
                                                     s_.buffer(), {SamplerWriter::axis(0)})
                                        : seen;
    const std::string& taken = s_.slots ? slot_is_used_ : used_;
    const Shape column = {s_.buffer_rows, fixed_dim(1)};
    const std::string is_left = w_.boolean(name("is_left").c_str(), "Not", {taken}, column);
    const std::string fresh = w_.boolean(name("new").c_str(), "And", {taken, by_row}, s_.buffer());
    const std::string left = w_.boolean(name("left").c_str(), "And", {is_left, buffer}, s_.buffer());
    w_.op_into(buffer + "_RetainedState", kind, "", "Or", {fresh, left}, {});
  }

  Shape token_index() const { return {s_.batch, s_.seq, fixed_dim(1)}; }

  SamplerWriter& w_;
  const SamplerShapes& s_;
  std::string zero_, one_;
  std::string used_, starts_, goes_on_, row_numbers_;      // of rows
  std::string fed_, known_, drawn_;                        // of tokens
  std::string slot_to_read_, row_of_slot_, slot_is_used_;  // with slots only
};

}  // namespace

SeenTokens write_buffers(SamplerWriter& writer, const SamplerShapes& shapes) {
  return Buffers(writer, shapes).write();
}

}  // namespace tessera::transforms
