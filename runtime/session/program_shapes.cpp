#include "runtime/session/program_shapes.hpp"

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::optional<sdk::Value> find(const plugin::Program& program, std::string_view key) {
  try {
    return program.property(key);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return std::nullopt;
  }
}

std::vector<engine::CompiledShape> shape_pairs(const std::vector<int64_t>& flat, std::string_view key) {
  if (flat.size() % 2 != 0)
    throw Error(ErrorCode::kInternal, std::string(key) + " is no list of pairs").key(key);
  std::vector<engine::CompiledShape> shapes;
  for (size_t i = 0; i < flat.size(); i += 2) shapes.push_back({flat[i], flat[i + 1]});
  return shapes;
}

}  // namespace

std::optional<ProgramShapes> program_shapes(const plugin::Program& program) {
  const std::optional<sdk::Value> slots = find(program, "shapes.slots");
  if (!slots) return std::nullopt;
  ProgramShapes shapes{
      .slots = slots->as_int64(),
      .ctx_len = program.property("shapes.ctx_len").as_int64(),
      .prefill = shape_pairs(program.property("shapes.prefill").as_int64_list(), "shapes.prefill"),
      .decode = program.property("shapes.decode").as_int64_list(),
      .verify = {}};
  if (const std::optional<sdk::Value> verify = find(program, "shapes.verify"))
    shapes.verify = shape_pairs(verify->as_int64_list(), "shapes.verify");
  return shapes;
}

}  // namespace tessera
