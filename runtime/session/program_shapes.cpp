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

}  // namespace

std::optional<ProgramShapes> program_shapes(const plugin::Program& program) {
  const std::optional<sdk::Value> slots = find(program, "shapes.slots");
  if (!slots) return std::nullopt;
  ProgramShapes shapes{.slots = slots->as_int64(),
                       .ctx_len = program.property("shapes.ctx_len").as_int64(),
                       .prefill = {},
                       .decode = program.property("shapes.decode").as_int64_list()};
  const std::vector<int64_t> prefill = program.property("shapes.prefill").as_int64_list();
  if (prefill.size() % 2 != 0)
    throw Error(ErrorCode::kInternal, "shapes.prefill is no list of pairs").key("shapes.prefill");
  for (size_t i = 0; i < prefill.size(); i += 2) shapes.prefill.push_back({prefill[i], prefill[i + 1]});
  return shapes;
}

}  // namespace tessera
