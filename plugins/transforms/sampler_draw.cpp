#include "sampler_draw.hpp"

#include <limits>
#include <vector>

namespace tessera::transforms {

using graph::DataType;
using graph::fixed_dim;

namespace {

/// The first and the last uniform that float16 tells from 0 and 1, whose noise is infinite.
constexpr float kFirstUniform = 0x1p-14f, kLastUniform = 1.0f - 0x1p-11f;

/// Candidates stand in ascending order of their logits, the best last: so Efficient Transformers pairs them
/// with random_numbers.
class Draw {
 public:
  Draw(SamplerWriter& writer, const SamplerShapes& shapes)
      : w_(writer),
        s_(shapes),
        lowest_(w_.scalar("lowest", -std::numeric_limits<float>::infinity())),
        none_(w_.scalar("none", 0.0f)),
        unit_(w_.scalar("unit", 1.0f)) {}

  void write(const std::string& logits, const SeenTokens& seen) {
    const std::string penalised = penalise(allowed(logits), seen);
    const std::string greedy = w_.whole("greedy", "ArgMax", {penalised}, s_.column(),
                                        {SamplerWriter::axis(1), SamplerWriter::keepdims(1)});
    is_greedy_ = w_.boolean("is_greedy", "Equal", {sampler::kTemperatures, none_}, s_.column());
    find_candidates(penalised);
    const std::string noisy = w_.real("noisy", "Add", {scaled(), noise()}, s_.candidate_row());
    const std::string left = w_.real("left", "Where", {excluded(), lowest_, noisy}, s_.candidate_row());
    const std::string choice = w_.whole("choice", "ArgMax", {left}, s_.column(),
                                        {SamplerWriter::axis(1), SamplerWriter::keepdims(1)});
    const std::string drawn =
        w_.whole("drawn_token", "GatherElements", {tokens_, choice}, s_.column(), {SamplerWriter::axis(1)});
    const std::string token = w_.whole("token", "Where", {is_greedy_, greedy, drawn}, s_.column());
    w_.op_into(sampler::kNextTokens, "next_tokens", "", "Unsqueeze", {token, w_.integers("token_axes", {2})},
               {});
  }

 private:
  std::string allowed(const std::string& logits) {
    std::string rows = w_.real("rows", "Squeeze", {logits, w_.integers("rows_axes", {1})}, s_.vocabulary());
    if (!s_.bitmask) return rows;
    return w_.real("allowed", "Where", {sampler::kBitmasks, rows, lowest_}, s_.vocabulary());
  }

  /// A seen token's positive logit is divided by the repetition penalty, a negative one multiplied; then an
  /// output's token loses the presence penalty.
  std::string penalise(const std::string& logits, const SeenTokens& seen) {
    const Shape all = s_.vocabulary();
    const std::string factor =
        w_.real("factor", "Where", {seen.repetition, sampler::kRepetitionPenalties, unit_}, all);
    const std::string positive = w_.boolean("positive", "Greater", {logits, none_}, all);
    const std::string smaller = w_.real("divided", "Div", {logits, factor}, all);
    const std::string repeated = w_.real(
        "repeated", "Where", {positive, smaller, w_.real("multiplied", "Mul", {logits, factor}, all)}, all);
    const std::string loss =
        w_.real("loss", "Where", {seen.presence, sampler::kPresencePenalties, none_}, all);
    return w_.real("penalised", "Sub", {repeated, loss}, all);
  }

  void find_candidates(const std::string& penalised) {
    const Shape row = s_.candidate_row();
    const auto [values, tokens] =
        w_.top_k("candidates", penalised, w_.integers("candidate_count", {s_.candidates}), row);
    std::vector<int64_t> backwards, upwards;
    for (int64_t i = 0; i < s_.candidates; ++i) {
      upwards.push_back(i);
      backwards.push_back(s_.candidates - 1 - i);
    }
    const std::string order = w_.integers("ascending", backwards);
    values_ = w_.real("values", "Gather", {values, order}, row, {SamplerWriter::axis(1)});
    tokens_ = w_.whole("candidate_tokens", "Gather", {tokens, order}, row, {SamplerWriter::axis(1)});
    ranks_ = w_.integers("ranks", upwards);
  }

  /// Logits below the best one, over the temperature: the best is 0, and nothing leaves float16 upwards.
  std::string scaled() {
    if (!scaled_.empty()) return scaled_;
    const std::string below =
        w_.real("below_best", "Sub", {values_, last_column("best_value", values_)}, s_.candidate_row());
    const std::string temperature =
        w_.real("temperature", "Where", {is_greedy_, unit_, sampler::kTemperatures}, s_.column());
    return scaled_ = w_.real("scaled", "Div", {below, temperature}, s_.candidate_row());
  }

  std::string last_column(const char* name, const std::string& values) {
    const std::string index = w_.integers(std::string(name) + "_column", {s_.candidates - 1});
    return w_.real(name, "Gather", {values, index}, s_.column(), {SamplerWriter::axis(1)});
  }

  /// By top-k, top-p or min-p; never the best.
  std::string excluded() {
    const Shape row = s_.candidate_row();
    const std::string beyond_k = outside_top_k();
    const std::string kept = w_.real("kept", "Where", {beyond_k, lowest_, scaled()}, row);
    const std::string probabilities =
        w_.real("probabilities", "Softmax", {kept}, row, {SamplerWriter::axis(1)});
    const std::string sums = w_.real("sums", "CumSum", {probabilities, w_.integer("sums_axis", 1)}, row);
    const std::string spare = w_.real("spare_probability", "Sub", {unit_, sampler::kTopPs}, s_.column());
    const std::string beyond_p = w_.boolean("beyond_p", "LessOrEqual", {sums, spare}, row);
    const std::string bound =
        w_.real("least_probability", "Mul", {sampler::kMinPs, last_column("best_probability", probabilities)},
                s_.column());
    const std::string below_min = w_.boolean("below_min", "Less", {probabilities, bound}, row);
    const std::string either = w_.boolean("beyond_p_or_min", "Or", {beyond_p, below_min}, row);
    const std::string any = w_.boolean("beyond_any", "Or", {beyond_k, either}, row);
    const std::string not_best = w_.boolean(
        "not_best", "Less", {ranks_, w_.integer("best_rank", s_.candidates - 1)}, {fixed_dim(s_.candidates)});
    return w_.boolean("excluded", "And", {any, not_best}, row);
  }

  std::string outside_top_k() {
    const std::string all = w_.integer("all_candidates", s_.candidates);
    const std::string given = w_.cast("top_k_given", sampler::kTopKs, DataType::kInt64, s_.column());
    const std::string off = w_.boolean("top_k_off", "Less", {given, w_.integer("least_k", 1)}, s_.column());
    const std::string wanted = w_.whole("top_k_wanted", "Where", {off, all, given}, s_.column());
    const std::string k = w_.whole("top_k", "Min", {wanted, all}, s_.column());
    const std::string first = w_.whole("first_rank", "Sub", {all, k}, s_.column());
    return w_.boolean("beyond_k", "Less", {ranks_, first}, s_.candidate_row());
  }

  /// -log(-log u): argmax of x + noise draws by softmax(x).
  std::string noise() {
    const Shape row = s_.candidate_row();
    const std::string from_first = w_.real(
        "uniforms_from", "Max", {sampler::kRandomNumbers, w_.scalar("first_uniform", kFirstUniform)}, row);
    const std::string uniforms =
        w_.real("uniforms", "Min", {from_first, w_.scalar("last_uniform", kLastUniform)}, row);
    const std::string inner = w_.real("waits", "Neg", {w_.real("logs", "Log", {uniforms}, row)}, row);
    return w_.real("noise", "Neg", {w_.real("log_waits", "Log", {inner}, row)}, row);
  }

  SamplerWriter& w_;
  const SamplerShapes& s_;
  std::string lowest_, none_, unit_, is_greedy_;
  std::string values_, tokens_, ranks_, scaled_;  // of candidates
};

}  // namespace

void write_draw(SamplerWriter& writer, const SamplerShapes& shapes, const std::string& logits,
                const SeenTokens& seen) {
  Draw(writer, shapes).write(logits, seen);
}

}  // namespace tessera::transforms
