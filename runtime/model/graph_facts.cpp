#include "runtime/model/graph_facts.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::optional<std::string_view> find(const graph::Model& model, std::string_view key) {
  for (const auto& [name, value] : model.metadata_props) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Error broken(std::string_view key, std::string message) {
  return Error(ErrorCode::kCorruptData, std::move(message))
      .key(key)
      .remedy("architectures write the facts of a model as metadata (docs/plugin-authors.md)");
}

int64_t number(const graph::Model& model, std::string_view key, std::optional<int64_t> absent = {}) {
  const auto text = find(model, key);
  if (!text && absent) return *absent;
  if (!text) throw broken(key, fmt::format("the graph has no metadata '{}'", key));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0) {
    throw broken(key, fmt::format("metadata '{}' is '{}', not a whole number", key, *text));
  }
  return value;
}

}  // namespace

GraphFacts read_facts(const graph::Model& model) {
  GraphFacts facts;
  facts.task = find(model, "tessera.task").value_or("");
  facts.architecture = find(model, "tessera.architecture").value_or("");
  facts.layers = number(model, "tessera.layers");
  facts.kv_heads = number(model, "tessera.kv_heads");
  facts.head_dim = number(model, "tessera.head_dim");
  facts.vocab_size = number(model, "tessera.vocab_size");
  facts.max_positions = number(model, "tessera.max_positions");
  facts.window = number(model, "tessera.window", 0);
  facts.rope_length = number(model, "tessera.rope_length", 0) != 0;
  return facts;
}

}  // namespace tessera
