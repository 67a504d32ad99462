/// Two results of the same request, compared.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace tessera::cli {

/// Of a request's results on two backends, A and B.
struct ResultDifference {
  std::string error_a, error_b;         ///< why there is no result; empty: there is one
  uint64_t tokens_a = 0, tokens_b = 0;  ///< how many
  std::optional<uint64_t> first;        ///< index of the first token that differs; nothing: equal results
  int64_t token_a = -1, token_b = -1;   ///< there; -1: that result has ended
  /// There, by how much A prefers its token to B's, as natural logarithms of probabilities: near 0, nearly
  /// a tie. Nothing where B's token is not among the best of A.
  std::optional<double> margin_a;
  double agreement = 1;  ///< places with the same token, of those of the longer result
  /// Between log-probabilities of the same token after the same text: up to the first difference and there,
  /// of the tokens that both list. They are the logits less a constant of each place.
  double largest_distance = 0, mean_distance = 0;
  uint64_t compared = 0;  ///< log-probabilities; 0: none were given

  bool equal() const { return !first && error_a.empty() && error_b.empty(); }
};

/// `a` and `b`: lines of a run's output (batch_run.hpp).
ResultDifference difference_of(const boost::json::object& a, const boost::json::object& b);

}  // namespace tessera::cli
