#include "core/plugin/backend.hpp"

#include <algorithm>

#include "core/plugin/call.hpp"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/planning.hpp"

namespace tessera::plugin {
namespace {

/// The C form of a compile request; borrows from it.
struct CompileArguments {
  explicit CompileArguments(const CompileRequest& request)
      : options(to_c(request.options)), progress(request.progress) {
    c.struct_size = sizeof(c);
    c.model = request.model.data();
    c.model_size = request.model.size();
    c.base_dir = sdk::borrow(request.base_dir);
    c.weights = request.weights;
    c.options = options.data();
    c.option_count = options.size();
    c.progress = progress.c();
  }

  std::vector<tsr_option> options;
  ProgressBridge progress;
  tsr_compile_args c{};
};

/// The C form of the tensors of a run; borrows from them.
struct TensorArguments {
  explicit TensorArguments(const std::vector<RunTensor>& from) : tensors(from.size()), pointers(from.size()) {
    for (size_t i = 0; i < from.size(); ++i) {
      tsr_tensor& tensor = tensors[i];
      tensor.struct_size = sizeof(tensor);
      tensor.dtype = static_cast<int32_t>(from[i].dtype);
      tensor.name = sdk::borrow(from[i].name);
      tensor.dims = from[i].dims.data();
      tensor.rank = from[i].dims.size();
      tensor.data = from[i].data;
      tensor.bytes = from[i].bytes;
      pointers[i] = &tensor;
    }
  }

  std::vector<tsr_tensor> tensors;
  std::vector<tsr_tensor*> pointers;
};

/// The text that a function of the planning interface answers.
template <class Ask>
std::string answered_text(const LoadedPlugin& plugin, const Doing& doing, const CompileRequest& request,
                          const Ask& ask) {
  const CompileArguments args(request);
  tsr_buffer out{};
  out.struct_size = sizeof(out);
  call(plugin, doing, [&] { return ask(args.c, out); });
  return take_text(plugin, doing, out);
}

/// nullopt where `asked` does not answer the key.
template <class Asked>
std::optional<sdk::Value> found_property(const Asked& asked, std::string_view key) {
  try {
    return asked.property(key);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return std::nullopt;
    throw;
  }
}

}  // namespace

// ---- backend ----

sdk::Value Backend::property(std::string_view key) const {
  return ask_property(*plugin_, {"asking a property of backend", id()}, [&](tsr_value* out) {
    return table_->property(plugin_->host.c(), sdk::borrow(key), out);
  });
}

std::optional<sdk::Value> Backend::find_property(std::string_view key) const {
  return found_property(*this, key);
}

const void* Backend::find_interface(std::string_view id) const {
  return table_->get_interface == nullptr ? nullptr
                                          : table_->get_interface(plugin_->host.c(), sdk::borrow(id));
}

void Backend::check(const CompileRequest& request) const {
  if (table_->check == nullptr) return;
  const CompileArguments args(request);
  call(*plugin_, {"checking a graph for backend", id()},
       [&] { return table_->check(plugin_->host.c(), &args.c); });
}

Program Backend::compile(const CompileRequest& request) const {
  const Doing doing{"compiling with backend", id()};
  const CompileArguments args(request);
  tsr_program* program = nullptr;
  call(*plugin_, doing, [&] { return table_->compile(plugin_->host.c(), &args.c, &program); });
  if (program == nullptr) throw misbehaves(*plugin_, doing, "it answers success without a program");
  return Program(*plugin_, *table_, program);
}

const tsr_planning_v1* Backend::planning() const {
  const auto* table = static_cast<const tsr_planning_v1*>(find_interface(TSR_INTERFACE_PLANNING));
  if (table == nullptr) return nullptr;
  const Doing doing{"asking for the plans of backend", id()};
  if (table->struct_size < sdk::kFirstSize<tsr_planning_v1>)
    throw misbehaves(*plugin_, doing, "its plans have struct_size " + std::to_string(table->struct_size));
  if (table->passes == nullptr) throw misbehaves(*plugin_, doing, "it tells no passes");
  return table;
}

std::optional<std::vector<std::string>> Backend::passes(const CompileRequest& request) const {
  const tsr_planning_v1* table = planning();
  if (table == nullptr) return std::nullopt;
  const std::string text = answered_text(*plugin_, {"asking for the passes of backend", id()}, request,
                                         [&](const tsr_compile_args& args, tsr_buffer& out) {
                                           return table->passes(plugin_->host.c(), &args, &out);
                                         });
  std::vector<std::string> passes;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) passes.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return passes;
}

std::optional<std::string> Backend::plan(const CompileRequest& request) const {
  const tsr_planning_v1* table = planning();
  if (table == nullptr || table->plan == nullptr) return std::nullopt;
  return answered_text(*plugin_, {"planning with backend", id()}, request,
                       [&](const tsr_compile_args& args, tsr_buffer& out) {
                         return table->plan(plugin_->host.c(), &args, &out);
                       });
}

// ---- program ----

Program::Program(const LoadedPlugin& plugin, const tsr_backend& table, tsr_program* program)
    : plugin_(&plugin), table_(&table), program_(program, Destroy{table.program_destroy}) {}

sdk::Value Program::property(std::string_view key) const {
  return ask_property(
      *plugin_, {"asking a property of a program of backend", sdk::view(table_->id)},
      [&](tsr_value* out) { return table_->program_property(program_.get(), sdk::borrow(key), out); });
}

std::optional<sdk::Value> Program::find_property(std::string_view key) const {
  return found_property(*this, key);
}

Session Program::create_session(const SessionRequest& request) const {
  const Doing doing{"creating a session with backend", sdk::view(table_->id)};
  const std::vector<tsr_option> options = to_c(request.options);
  tsr_session_args args{};
  args.struct_size = sizeof(args);
  args.slots = request.slots;
  args.ctx_len = request.ctx_len;
  args.max_rows = request.max_rows;
  args.options = options.data();
  args.option_count = options.size();
  tsr_session* session = nullptr;
  call(*plugin_, doing, [&] { return table_->session_create(program_.get(), &args, &session); });
  if (session == nullptr) throw misbehaves(*plugin_, doing, "it answers success without a session");
  return Session(*plugin_, *table_, session);
}

// ---- session ----

Session::Session(const LoadedPlugin& plugin, const tsr_backend& table, tsr_session* session)
    : plugin_(&plugin), table_(&table), slots_(nullptr), session_(session, Destroy{table.session_destroy}) {
  if (table.get_interface == nullptr) return;
  const void* found = table.get_interface(plugin.host.c(), sdk::borrow(TSR_INTERFACE_SLOTS));
  if (found == nullptr) return;
  slots_ = static_cast<const tsr_slots_v1*>(found);
  const Doing doing{"asking for the slots of backend", sdk::view(table.id)};
  if (slots_->struct_size < sdk::kFirstSize<tsr_slots_v1>)
    throw misbehaves(plugin, doing, "its slots have struct_size " + std::to_string(slots_->struct_size));
  if (slots_->reset == nullptr || slots_->reserve == nullptr || slots_->truncate == nullptr)
    throw misbehaves(plugin, doing, "its slots lack a function");
}

sdk::Value Session::property(std::string_view key) const {
  return ask_property(
      *plugin_, {"asking a property of a session of backend", sdk::view(table_->id)},
      [&](tsr_value* out) { return table_->session_property(session_.get(), sdk::borrow(key), out); });
}

void Session::run(const std::vector<RunTensor>& inputs, const std::vector<RunTensor>& outputs) {
  const TensorArguments in(inputs), out(outputs);
  tsr_run_args args{};
  args.struct_size = sizeof(args);
  args.inputs = in.pointers.data();
  args.input_count = in.pointers.size();
  args.outputs = out.pointers.data();
  args.output_count = out.pointers.size();
  call(*plugin_, {"running a step with backend", sdk::view(table_->id)},
       [&] { return table_->run(session_.get(), &args); });
}

const tsr_slots_v1& Session::slots() const {
  if (slots_ != nullptr) return *slots_;
  throw Error(ErrorCode::kNotSupported,
              "backend '" + std::string(sdk::view(table_->id)) + "' retains no state");
}

void Session::reset(uint32_t slot) {
  const tsr_slots_v1& table = slots();
  call(*plugin_, {"resetting a slot of backend", sdk::view(table_->id)},
       [&] { return table.reset(session_.get(), slot); });
}

void Session::reserve(uint32_t slot, uint64_t tokens) {
  const tsr_slots_v1& table = slots();
  call(*plugin_, {"reserving room in a slot of backend", sdk::view(table_->id)},
       [&] { return table.reserve(session_.get(), slot, tokens); });
}

void Session::truncate(uint32_t slot, uint64_t tokens) {
  const tsr_slots_v1& table = slots();
  call(*plugin_, {"truncating a slot of backend", sdk::view(table_->id)},
       [&] { return table.truncate(session_.get(), slot, tokens); });
}

bool Session::can_fork() const {
  constexpr size_t kWithFork = offsetof(tsr_slots_v1, fork) + sizeof(tsr_slots_v1::fork);
  return slots_ != nullptr && slots_->struct_size >= kWithFork && slots_->fork != nullptr;
}

void Session::fork(uint32_t from, uint32_t to, uint64_t tokens) {
  if (!can_fork()) {
    throw Error(ErrorCode::kNotSupported,
                "backend '" + std::string(sdk::view(table_->id)) + "' does not fork slots");
  }
  call(*plugin_, {"forking a slot of backend", sdk::view(table_->id)},
       [&] { return slots_->fork(session_.get(), from, to, tokens); });
}

}  // namespace tessera::plugin
