/// The list behind canonical_functions() (functions.hpp).
#pragma once

#include <vector>

#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/functions/activation.hpp"
#include "tessera/sdk/functions/attention.hpp"
#include "tessera/sdk/functions/linear.hpp"
#include "tessera/sdk/functions/norm.hpp"
#include "tessera/sdk/functions/rotary.hpp"
#include "tessera/sdk/functions/token.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/separate.hpp"

namespace tessera::graph {

TESSERA_SDK_BODY const std::vector<Function>& canonical_functions() {
  static const std::vector<Function> all = [] {
    using namespace functions;  // NOLINT(google-build-using-namespace): for the length of this list
    std::vector<Function> list;
    list.push_back(embedding());
    list.push_back(linear());
    list.push_back(linear_bias());
    list.push_back(conv1d());
    list.push_back(rms_norm());
    list.push_back(layer_norm());
    list.push_back(silu());
    list.push_back(gelu_tanh());
    list.push_back(gelu_erf());
    list.push_back(rotary_table());
    list.push_back(dynamic_rotary_table());
    list.push_back(long_rotary_table());
    list.push_back(rotary_embedding());
    for (const Window window : {Window::kNone, Window::kSliding}) {
      list.push_back(attention(window));
      list.push_back(cached_attention(window));
      list.push_back(slot_attention(window));
    }
    list.push_back(bidirectional_attention());
    list.push_back(packed_attention());
    list.push_back(first_token());
    return list;
  }();
  return all;
}

}  // namespace tessera::graph
