/// For backends whose passes depend on the options: the interface "tessera.planning/1" (tessera/planning.h).
///
///     class MyBackend : public sdk::Backend, public sdk::Planning { ...
///       const void* interface(std::string_view id) const override { return
///       sdk::find_planning<MyBackend>(id); }
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/planning.h"
#include "tessera/sdk/backend.hpp"

namespace tessera::sdk {

template <>
inline constexpr uint32_t kFirstSize<tsr_planning_v1> = 24;

/// What such a backend implements. Both functions: any thread.
class Planning {
 public:
  virtual ~Planning() = default;
  /// The passes that fit the architecture's graph (`args.model`) to a compilation with these options, in
  /// order, as `passes.default` writes them: "select-logits:mode=last". Throws what compile would refuse.
  virtual std::vector<std::string> passes(const CompileArgs& args) const = 0;
  /// What compile would make of the graph after the passes, and what it takes: a JSON object. Throws what
  /// compile would refuse.
  virtual std::string plan(const CompileArgs& args) const = 0;
};

namespace detail {

template <class T>
const T& planning_backend() {
  static const T& backend = *new T;
  return backend;
}

template <class T, class Answer>
tsr_status* answer_planning(const tsr_host* host, const tsr_compile_args* from, tsr_buffer* out,
                            const Answer& answer) {
  return guard(host, [&] {
    const tsr_compile_args in = receive_arguments(from, "tsr_compile_args");
    const T& backend = planning_backend<T>();
    const CompileArgs args{std::string_view(static_cast<const char*>(in.model), in.model_size),
                           view(in.base_dir),
                           Weights(host, in.weights),
                           Options(backend.options(), in.options, in.option_count),
                           Progress(in.progress),
                           Host(host)};
    check_size(out, "tsr_buffer");
    fill(out, give(answer(backend, args)), "tsr_buffer");
  });
}

template <class T>
tsr_status* planning_passes(const tsr_host* host, const tsr_compile_args* from, tsr_buffer* lines) {
  return answer_planning<T>(host, from, lines, [](const T& backend, const CompileArgs& args) {
    std::string text;
    for (const std::string& pass : backend.passes(args)) text += pass + "\n";
    return text;
  });
}

template <class T>
tsr_status* planning_plan(const tsr_host* host, const tsr_compile_args* from, tsr_buffer* json) {
  return answer_planning<T>(host, from, json,
                            [](const T& backend, const CompileArgs& args) { return backend.plan(args); });
}

}  // namespace detail

/// The table of backend `T` for "tessera.planning/1", null for another id. `T` derives from Backend and
/// Planning and has no state: the table asks an object of its own.
template <class T>
const void* find_planning(std::string_view id) {
  static const tsr_planning_v1 table = {sizeof(tsr_planning_v1), 0, &detail::planning_passes<T>,
                                        &detail::planning_plan<T>};
  return id == TSR_INTERFACE_PLANNING ? &table : nullptr;
}

}  // namespace tessera::sdk
