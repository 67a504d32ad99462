// The layout of every struct of tessera/abi.h, as peers have compiled it. Never change a line: a struct that
// grows gets new lines, and its SIZE line becomes the new size (the first size stays in
// tessera/sdk/arguments.hpp). Until the freeze the draft number is what tells peers apart; raise it with any
// change here.
#include <cstddef>

#include "tessera/abi.h"
#include "tessera/devices.h"
#include "tessera/planning.h"
#include "tessera/sdk/arguments.hpp"

static_assert(TSR_ABI_DRAFT == 2, "the layouts below are those of draft 2");
static_assert(sizeof(void*) == 8, "the ABI is for 64-bit machines");

#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes) && sizeof(type) % 8 == 0, #type)
#define OFFSET(type, member, bytes) static_assert(offsetof(type, member) == (bytes), #type "." #member)

SIZE(tsr_str, 16);
OFFSET(tsr_str, ptr, 0);
OFFSET(tsr_str, len, 8);

SIZE(tsr_buffer, 40);
OFFSET(tsr_buffer, struct_size, 0);
OFFSET(tsr_buffer, reserved, 4);
OFFSET(tsr_buffer, data, 8);
OFFSET(tsr_buffer, size, 16);
OFFSET(tsr_buffer, release, 24);
OFFSET(tsr_buffer, ctx, 32);

SIZE(tsr_diag, 128);
OFFSET(tsr_diag, struct_size, 0);
OFFSET(tsr_diag, code, 4);
OFFSET(tsr_diag, message, 8);
OFFSET(tsr_diag, remedy, 24);
OFFSET(tsr_diag, file, 40);
OFFSET(tsr_diag, node, 56);
OFFSET(tsr_diag, key, 72);
OFFSET(tsr_diag, offset, 88);
OFFSET(tsr_diag, native_code, 96);
OFFSET(tsr_diag, cause, 104);
OFFSET(tsr_diag, context, 112);

SIZE(tsr_ext, 32);
OFFSET(tsr_ext, struct_size, 0);
OFFSET(tsr_ext, flags, 4);
OFFSET(tsr_ext, id, 8);
OFFSET(tsr_ext, next, 24);

SIZE(tsr_value, 64);
OFFSET(tsr_value, struct_size, 0);
OFFSET(tsr_value, type, 4);
OFFSET(tsr_value, i64, 8);
OFFSET(tsr_value, f64, 16);
OFFSET(tsr_value, text, 24);
OFFSET(tsr_value, i64_list, 40);
OFFSET(tsr_value, text_list, 48);
OFFSET(tsr_value, count, 56);

SIZE(tsr_option, 32);
OFFSET(tsr_option, name, 0);
OFFSET(tsr_option, value, 16);

SIZE(tsr_option_info, 56);
OFFSET(tsr_option_info, struct_size, 0);
OFFSET(tsr_option_info, type, 4);
OFFSET(tsr_option_info, name, 8);
OFFSET(tsr_option_info, default_text, 24);
OFFSET(tsr_option_info, help, 40);

SIZE(tsr_progress, 24);
OFFSET(tsr_progress, struct_size, 0);
OFFSET(tsr_progress, reserved, 4);
OFFSET(tsr_progress, report, 8);
OFFSET(tsr_progress, ctx, 16);

SIZE(tsr_host, 56);
OFFSET(tsr_host, struct_size, 0);
OFFSET(tsr_host, abi, 4);
OFFSET(tsr_host, status_make, 8);
OFFSET(tsr_host, status_read, 16);
OFFSET(tsr_host, status_free, 24);
OFFSET(tsr_host, log_enabled, 32);
OFFSET(tsr_host, log, 40);
OFFSET(tsr_host, thread_budget, 48);

SIZE(tsr_offer, 16);
OFFSET(tsr_offer, struct_size, 0);
OFFSET(tsr_offer, abi, 4);
OFFSET(tsr_offer, host, 8);

SIZE(tsr_weight, 72);
OFFSET(tsr_weight, struct_size, 0);
OFFSET(tsr_weight, dtype, 4);
OFFSET(tsr_weight, name, 8);
OFFSET(tsr_weight, dims, 24);
OFFSET(tsr_weight, rank, 32);
OFFSET(tsr_weight, location, 40);
OFFSET(tsr_weight, offset, 56);
OFFSET(tsr_weight, length, 64);

SIZE(tsr_weights, 48);
OFFSET(tsr_weights, struct_size, 0);
OFFSET(tsr_weights, reserved, 4);
OFFSET(tsr_weights, ctx, 8);
OFFSET(tsr_weights, count, 16);
OFFSET(tsr_weights, items, 24);
OFFSET(tsr_weights, map, 32);
OFFSET(tsr_weights, drop, 40);

SIZE(tsr_tensor, 56);
OFFSET(tsr_tensor, struct_size, 0);
OFFSET(tsr_tensor, dtype, 4);
OFFSET(tsr_tensor, name, 8);
OFFSET(tsr_tensor, dims, 24);
OFFSET(tsr_tensor, rank, 32);
OFFSET(tsr_tensor, data, 40);
OFFSET(tsr_tensor, bytes, 48);

SIZE(tsr_recognise_args, 32);
OFFSET(tsr_recognise_args, struct_size, 0);
OFFSET(tsr_recognise_args, reserved, 4);
OFFSET(tsr_recognise_args, next, 8);
OFFSET(tsr_recognise_args, config, 16);

SIZE(tsr_recognise_result, 48);
OFFSET(tsr_recognise_result, struct_size, 0);
OFFSET(tsr_recognise_result, score, 4);
OFFSET(tsr_recognise_result, reason, 8);

SIZE(tsr_build_args, 80);
OFFSET(tsr_build_args, struct_size, 0);
OFFSET(tsr_build_args, reserved, 4);
OFFSET(tsr_build_args, next, 8);
OFFSET(tsr_build_args, config, 16);
OFFSET(tsr_build_args, task, 32);
OFFSET(tsr_build_args, weights, 48);
OFFSET(tsr_build_args, options, 56);
OFFSET(tsr_build_args, option_count, 64);
OFFSET(tsr_build_args, progress, 72);

SIZE(tsr_architecture, 88);
OFFSET(tsr_architecture, struct_size, 0);
OFFSET(tsr_architecture, reserved, 4);
OFFSET(tsr_architecture, id, 8);
OFFSET(tsr_architecture, summary, 24);
OFFSET(tsr_architecture, model_types, 40);
OFFSET(tsr_architecture, model_type_count, 48);
OFFSET(tsr_architecture, options, 56);
OFFSET(tsr_architecture, option_count, 64);
OFFSET(tsr_architecture, recognise, 72);
OFFSET(tsr_architecture, build, 80);

SIZE(tsr_transform_args, 80);
OFFSET(tsr_transform_args, struct_size, 0);
OFFSET(tsr_transform_args, reserved, 4);
OFFSET(tsr_transform_args, next, 8);
OFFSET(tsr_transform_args, model, 16);
OFFSET(tsr_transform_args, model_size, 24);
OFFSET(tsr_transform_args, base_dir, 32);
OFFSET(tsr_transform_args, options, 48);
OFFSET(tsr_transform_args, option_count, 56);
OFFSET(tsr_transform_args, weights, 64);
OFFSET(tsr_transform_args, progress, 72);

SIZE(tsr_transform, 80);
OFFSET(tsr_transform, struct_size, 0);
OFFSET(tsr_transform, reserved, 4);
OFFSET(tsr_transform, id, 8);
OFFSET(tsr_transform, version, 24);
OFFSET(tsr_transform, summary, 40);
OFFSET(tsr_transform, options, 56);
OFFSET(tsr_transform, option_count, 64);
OFFSET(tsr_transform, apply, 72);

SIZE(tsr_compile_args, 80);
OFFSET(tsr_compile_args, struct_size, 0);
OFFSET(tsr_compile_args, reserved, 4);
OFFSET(tsr_compile_args, next, 8);
OFFSET(tsr_compile_args, model, 16);
OFFSET(tsr_compile_args, model_size, 24);
OFFSET(tsr_compile_args, base_dir, 32);
OFFSET(tsr_compile_args, weights, 48);
OFFSET(tsr_compile_args, options, 56);
OFFSET(tsr_compile_args, option_count, 64);
OFFSET(tsr_compile_args, progress, 72);

SIZE(tsr_session_args, 48);
OFFSET(tsr_session_args, struct_size, 0);
OFFSET(tsr_session_args, slots, 4);
OFFSET(tsr_session_args, next, 8);
OFFSET(tsr_session_args, ctx_len, 16);
OFFSET(tsr_session_args, max_rows, 24);
OFFSET(tsr_session_args, options, 32);
OFFSET(tsr_session_args, option_count, 40);

SIZE(tsr_run_args, 48);
OFFSET(tsr_run_args, struct_size, 0);
OFFSET(tsr_run_args, reserved, 4);
OFFSET(tsr_run_args, next, 8);
OFFSET(tsr_run_args, inputs, 16);
OFFSET(tsr_run_args, input_count, 24);
OFFSET(tsr_run_args, outputs, 32);
OFFSET(tsr_run_args, output_count, 40);

SIZE(tsr_backend, 136);
OFFSET(tsr_backend, struct_size, 0);
OFFSET(tsr_backend, reserved, 4);
OFFSET(tsr_backend, id, 8);
OFFSET(tsr_backend, summary, 24);
OFFSET(tsr_backend, options, 40);
OFFSET(tsr_backend, option_count, 48);
OFFSET(tsr_backend, property, 56);
OFFSET(tsr_backend, get_interface, 64);
OFFSET(tsr_backend, check, 72);
OFFSET(tsr_backend, compile, 80);
OFFSET(tsr_backend, program_destroy, 88);
OFFSET(tsr_backend, program_property, 96);
OFFSET(tsr_backend, session_create, 104);
OFFSET(tsr_backend, session_destroy, 112);
OFFSET(tsr_backend, session_property, 120);
OFFSET(tsr_backend, run, 128);

SIZE(tsr_slots_v1, 40);
OFFSET(tsr_slots_v1, struct_size, 0);
OFFSET(tsr_slots_v1, reserved, 4);
OFFSET(tsr_slots_v1, reset, 8);
OFFSET(tsr_slots_v1, reserve, 16);
OFFSET(tsr_slots_v1, truncate, 24);
OFFSET(tsr_slots_v1, fork, 32);

SIZE(tsr_machine_limits_v1, 24);
OFFSET(tsr_machine_limits_v1, struct_size, 0);
OFFSET(tsr_machine_limits_v1, reserved, 4);
OFFSET(tsr_machine_limits_v1, read_bandwidth, 8);
OFFSET(tsr_machine_limits_v1, fma_rate, 16);

SIZE(tsr_planning_v1, 24);
OFFSET(tsr_planning_v1, struct_size, 0);
OFFSET(tsr_planning_v1, reserved, 4);
OFFSET(tsr_planning_v1, passes, 8);
OFFSET(tsr_planning_v1, plan, 16);

SIZE(tsr_devices_v1, 16);
OFFSET(tsr_devices_v1, struct_size, 0);
OFFSET(tsr_devices_v1, reserved, 4);
OFFSET(tsr_devices_v1, list, 8);

SIZE(tsr_plugin, 152);
OFFSET(tsr_plugin, struct_size, 0);
OFFSET(tsr_plugin, magic, 4);
OFFSET(tsr_plugin, built_abi, 8);
OFFSET(tsr_plugin, needs_abi, 12);
OFFSET(tsr_plugin, id, 16);
OFFSET(tsr_plugin, version, 32);
OFFSET(tsr_plugin, licence, 48);
OFFSET(tsr_plugin, vendor, 64);
OFFSET(tsr_plugin, architectures, 80);
OFFSET(tsr_plugin, architecture_count, 88);
OFFSET(tsr_plugin, transforms, 96);
OFFSET(tsr_plugin, transform_count, 104);
OFFSET(tsr_plugin, backends, 112);
OFFSET(tsr_plugin, backend_count, 120);
OFFSET(tsr_plugin, init, 128);
OFFSET(tsr_plugin, shutdown, 136);
OFFSET(tsr_plugin, get_interface, 144);

// What arguments.hpp holds for the first size is what the structs have today, as long as none has grown.
#define FIRST(type) static_assert(tessera::sdk::kFirstSize<type> == sizeof(type), #type)
FIRST(tsr_buffer);
FIRST(tsr_diag);
FIRST(tsr_ext);
FIRST(tsr_value);
FIRST(tsr_option_info);
FIRST(tsr_progress);
FIRST(tsr_host);
FIRST(tsr_offer);
FIRST(tsr_weight);
FIRST(tsr_weights);
FIRST(tsr_tensor);
FIRST(tsr_recognise_args);
FIRST(tsr_recognise_result);
FIRST(tsr_build_args);
FIRST(tsr_architecture);
FIRST(tsr_transform_args);
FIRST(tsr_transform);
FIRST(tsr_compile_args);
FIRST(tsr_session_args);
FIRST(tsr_run_args);
FIRST(tsr_backend);
static_assert(tessera::sdk::kFirstSize<tsr_slots_v1> == offsetof(tsr_slots_v1, fork));  // grew in draft 2
FIRST(tsr_plugin);

// ErrorCode crosses as its number.
#define CODE(name, status) static_assert(static_cast<int>(tessera::ErrorCode::name) == (status), #name)
CODE(kInvalidArgument, TSR_INVALID_ARGUMENT);
CODE(kNotSupported, TSR_NOT_SUPPORTED);
CODE(kNotFound, TSR_NOT_FOUND);
CODE(kCorruptData, TSR_CORRUPT_DATA);
CODE(kOutOfMemory, TSR_OUT_OF_MEMORY);
CODE(kBusy, TSR_BUSY);
CODE(kCancelled, TSR_CANCELLED);
CODE(kDeadlineExceeded, TSR_DEADLINE);
CODE(kDeviceLost, TSR_DEVICE_LOST);
CODE(kVersion, TSR_VERSION);
CODE(kMisuse, TSR_MISUSE);
CODE(kInternal, TSR_INTERNAL);
CODE(kIo, TSR_IO);
