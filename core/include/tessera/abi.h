/* The binary contract between the Tessera host and its plugins.
 *
 * A plugin is a shared library that exports one symbol, `tessera_plugin_v0`. The host calls it with an offer (its
 * version and its functions); the plugin answers with a descriptor: what it is and what it registers, any mix of
 * architectures, transforms and backends. Plain C89 plus <stdint.h>, so that any language can speak it.
 *
 * Rules that hold everywhere (docs/plugin-abi.md has the reasons):
 * - Every struct that crosses begins with `struct_size`, set by whoever made it (out-structs: by the receiver before
 *   the call). Members are only appended; a member that the other side does not have reads as zero, and zero means
 *   "as before". In tables and descriptors an unknown tail is ignored; in argument structs it must be all zero, else
 *   the callee refuses with TSR_VERSION. Reserved members are written 0 and checked.
 * - A function that can fail returns `tsr_status *`; null is success. Statuses are made and read through the host.
 *   On failure out-parameters are untouched. Ownership never depends on the return value.
 * - Pointers are borrowed for the call unless the comment says "lives as long as X" or the type is `tsr_buffer`,
 *   which owns its bytes and is released once, from any thread.
 * - Text is UTF-8, pointer and length, not terminated. Paths are bytes.
 * - Destroy functions return void, accept null and cannot fail. Children are destroyed before their parents.
 * - No exception, longjmp, signal handler, floating-point mode, locale or working directory may leak across.
 * - Thread tags: TSR_PROBE pure, any thread, before init too. TSR_INIT once, on the host's main thread. TSR_ANY any
 *   thread, concurrently. TSR_SERIAL(object) any thread, never two at once on that object (the host sees to it).
 *   TSR_CALLBACK plugin to host: does not block, does not re-enter the plugin.
 *
 * Draft: until the freeze the number TSR_ABI_DRAFT is compared for equality, then the symbol becomes
 * `tessera_plugin_v1` and the rules of appending hold across releases. */
#ifndef TESSERA_ABI_H
#define TESSERA_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Machine-readable thread tags; they expand to nothing. */
#define TSR_PROBE
#define TSR_INIT
#define TSR_ANY
#define TSR_SERIAL(object)
#define TSR_CALLBACK

#define TSR_ABI_MAJOR 1
#define TSR_ABI_MINOR 0
#define TSR_ABI_DRAFT 2 /* raised at every change before the freeze */
/* Versions travel packed: draft << 24 | major << 16 | minor; never 0. */
#define TSR_ABI_VERSION ((uint32_t)((TSR_ABI_DRAFT << 24) | (TSR_ABI_MAJOR << 16) | TSR_ABI_MINOR))
#define TSR_MAGIC 0x31525354u /* "TSR1" in memory */

#if defined(_WIN32)
#define TSR_EXPORT __declspec(dllexport)
#else
#define TSR_EXPORT __attribute__((visibility("default")))
#endif

/* ---- text, buffers, statuses ------------------------------------------------------------------------------- */

typedef struct tsr_str {
  const char *ptr; /* may be null when len is 0 */
  uint64_t len;    /* bytes */
} tsr_str;

/* Bytes that belong to the receiver, who calls `release(ctx)` once, from any thread, never after `shutdown`. */
typedef struct tsr_buffer {
  uint32_t struct_size;
  uint32_t reserved;
  const void *data;
  uint64_t size; /* bytes */
  void (*release)(void *ctx);
  void *ctx;
} tsr_buffer;

/* Status codes. An unknown code counts as TSR_INTERNAL and its number is printed. */
#define TSR_OK 0
#define TSR_INVALID_ARGUMENT 1
#define TSR_NOT_SUPPORTED 2 /* lists all offending nodes, not the first */
#define TSR_NOT_FOUND 3
#define TSR_CORRUPT_DATA 4
#define TSR_OUT_OF_MEMORY 5
#define TSR_BUSY 6
#define TSR_CANCELLED 7
#define TSR_DEADLINE 8
#define TSR_DEVICE_LOST 9
#define TSR_VERSION 10
#define TSR_MISUSE 11
#define TSR_INTERNAL 12
#define TSR_IO 13

typedef struct tsr_status tsr_status; /* opaque; made and freed by the host */

typedef struct tsr_diag {
  uint32_t struct_size;
  int32_t code;
  tsr_str message, remedy;     /* what is wrong; what to do about it */
  tsr_str file, node, key;     /* provenance; empty = not known */
  uint64_t offset;             /* byte in file; UINT64_MAX = not known */
  int64_t native_code;         /* a driver's own number; 0 = none */
  tsr_status *cause;           /* taken over, freed with the new status; null = none */
  tsr_str context;             /* "while ..." lines, innermost first, separated by newlines */
} tsr_diag;

/* ---- options, properties, extensions ------------------------------------------------------------------------ */

/* Head of a chained extension of an argument struct; at most 64 in a chain, ended by null. */
#define TSR_EXT_REQUIRED 1u /* refuse with TSR_VERSION when the id is not known */
typedef struct tsr_ext {
  uint32_t struct_size;
  uint32_t flags;
  tsr_str id; /* "tessera.lora/1", "com.example.tiles/2" */
  const struct tsr_ext *next;
} tsr_ext;

/* Type tags of values. */
#define TSR_TYPE_INT64 1
#define TSR_TYPE_DOUBLE 2
#define TSR_TYPE_TEXT 3
#define TSR_TYPE_INT64_LIST 4
#define TSR_TYPE_TEXT_LIST 5
#define TSR_TYPE_BOOL 6 /* an int64 that is 0 or 1 */

/* A tagged value. As an answer to a property question the lists and texts live as long as the object asked. */
typedef struct tsr_value {
  uint32_t struct_size;
  int32_t type;
  int64_t i64;
  double f64;
  tsr_str text;
  const int64_t *i64_list;
  const tsr_str *text_list;
  uint64_t count; /* of either list */
} tsr_value;

/* One option as given by the user; values are text, the callee parses them by its declared type. Like tsr_str it
 * never grows (it travels in arrays without stride). */
typedef struct tsr_option {
  tsr_str name, value;
} tsr_option;

/* One option as declared: what `tessera passes` and `tessera plugins` print. Lives for the process. */
typedef struct tsr_option_info {
  uint32_t struct_size;
  int32_t type;         /* TSR_TYPE_* */
  tsr_str name;         /* kebab-case */
  tsr_str default_text; /* printed form of the default; empty = none */
  tsr_str help;         /* one sentence */
} tsr_option_info;

/* Called at least every 200 ms by each call that may exceed a second. `total` 0 = not known. Non-zero: stop soon,
 * leave nothing behind, answer TSR_CANCELLED. */
typedef struct tsr_progress {
  uint32_t struct_size;
  uint32_t reserved;
  TSR_CALLBACK int32_t (*report)(void *ctx, uint64_t done, uint64_t total, tsr_str text);
  void *ctx;
} tsr_progress;

/* ---- the host's functions ----------------------------------------------------------------------------------- */

#define TSR_LOG_TRACE 0
#define TSR_LOG_DEBUG 1
#define TSR_LOG_INFO 2
#define TSR_LOG_WARN 3
#define TSR_LOG_ERROR 4

/* One table per plugin, lives for the process; `host` is always the table itself. No function calls back into the
 * plugin, none throws. All TSR_ANY. */
typedef struct tsr_host {
  uint32_t struct_size;
  uint32_t abi; /* TSR_ABI_VERSION of the host */
  /* Never fails: without memory it answers a static out-of-memory status. Copies all of `diag`. */
  tsr_status *(*status_make)(const struct tsr_host *host, const tsr_diag *diag);
  /* Fills `out`; its texts and its `cause` (borrowed, do not free) live as long as the status. */
  void (*status_read)(const struct tsr_host *host, const tsr_status *status, tsr_diag *out);
  void (*status_free)(const struct tsr_host *host, tsr_status *status);
  int32_t (*log_enabled)(const struct tsr_host *host, int32_t level); /* non-zero = yes; cheap */
  void (*log)(const struct tsr_host *host, int32_t level, tsr_str component, tsr_str text);
  /* Threads that compute may use: min(user's wish, affinity, cgroup quota, cores); at least 1. */
  int32_t (*thread_budget)(const struct tsr_host *host);
} tsr_host;

typedef struct tsr_offer {
  uint32_t struct_size;
  uint32_t abi;         /* TSR_ABI_VERSION of the host */
  const tsr_host *host; /* lives for the process */
} tsr_offer;

/* ---- tensors and weights ------------------------------------------------------------------------------------ */

/* Element types are the numbers of ONNX TensorProto.DataType. */
#define TSR_FLOAT 1
#define TSR_UINT8 2
#define TSR_INT8 3
#define TSR_UINT16 4
#define TSR_INT16 5
#define TSR_INT32 6
#define TSR_INT64 7
#define TSR_BOOL 9
#define TSR_FLOAT16 10
#define TSR_DOUBLE 11
#define TSR_UINT32 12
#define TSR_UINT64 13
#define TSR_BFLOAT16 16

/* A tensor of the checkpoint. Lives as long as the tsr_weights that lists it. */
typedef struct tsr_weight {
  uint32_t struct_size;
  int32_t dtype;
  tsr_str name;
  const int64_t *dims;
  uint64_t rank;
  tsr_str location; /* of its file, relative to the model's base directory; no "..", no link to resolve */
  uint64_t offset;  /* bytes from the start of the file; may be odd */
  uint64_t length;  /* bytes */
} tsr_weight;

/* The checkpoint's tensors and the only way to their bytes: plugins open no weight files themselves.
 * The host has checked ranges and overlap; the plugin checks dtypes and dims. Functions are TSR_ANY. */
typedef struct tsr_weights {
  uint32_t struct_size;
  uint32_t reserved;
  void *ctx;
  uint64_t count;
  const tsr_weight *const *items; /* sorted by name */
  /* A read-only view of a range; valid until its buffer is released. The data may be unaligned for its type. */
  tsr_status *(*map)(void *ctx, tsr_str location, uint64_t offset, uint64_t length, tsr_buffer *out);
  /* The pages of this range are not needed again: lets packed weights not stay in memory twice. A hint. */
  void (*drop)(void *ctx, tsr_str location, uint64_t offset, uint64_t length);
} tsr_weights;

/* A named tensor of a call; the memory belongs to the caller. */
typedef struct tsr_tensor {
  uint32_t struct_size;
  int32_t dtype;
  tsr_str name;
  const int64_t *dims;
  uint64_t rank;
  void *data; /* row-major, aligned to its element */
  uint64_t bytes;
} tsr_tensor;

/* ---- architectures ------------------------------------------------------------------------------------------ */

typedef struct tsr_recognise_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tsr_ext *next;
  tsr_str config; /* config.json, whole */
} tsr_recognise_args;

typedef struct tsr_recognise_result {
  uint32_t struct_size;
  int32_t score;  /* 0 = not mine; 100 = my model_type; two equal best scores are an error that names both */
  tsr_buffer reason; /* text; may be empty */
} tsr_recognise_result;

typedef struct tsr_build_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tsr_ext *next;
  tsr_str config;             /* config.json, whole */
  tsr_str task;               /* "causal-lm", ...; empty = what config.json's `architectures` says */
  const tsr_weights *weights; /* the tensor directory; build reads no bytes of weights */
  const tsr_option *options;
  uint64_t option_count;
  const tsr_progress *progress; /* may be null */
} tsr_build_args;

/* Turns a checkpoint into a pure ONNX graph (IR 8, opset 17, functions of domain `tessera`). */
typedef struct tsr_architecture {
  uint32_t struct_size;
  uint32_t reserved;
  tsr_str id;      /* "llama" */
  tsr_str summary; /* one line */
  const tsr_str *model_types; /* values of config.json's `model_type` that it serves */
  uint64_t model_type_count;
  const tsr_option_info *const *options; /* of build */
  uint64_t option_count;
  /* Pure and cheap. TSR_ANY */
  tsr_status *(*recognise)(const tsr_host *host, const tsr_recognise_args *args, tsr_recognise_result *out);
  /* `model` receives a serialized onnx.ModelProto. The same arguments give the same bytes. TSR_ANY */
  tsr_status *(*build)(const tsr_host *host, const tsr_build_args *args, tsr_buffer *model);
} tsr_architecture;

/* ---- transforms --------------------------------------------------------------------------------------------- */

typedef struct tsr_transform_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tsr_ext *next;
  const void *model; /* serialized onnx.ModelProto */
  uint64_t model_size;
  tsr_str base_dir; /* what locations of external data are relative to */
  const tsr_option *options;
  uint64_t option_count;
  const tsr_weights *weights;   /* may be null: a graph without a checkpoint */
  const tsr_progress *progress; /* may be null */
} tsr_transform_args;

/* A named graph pass: a function of (bytes, options) alone, the same in, the same out. */
typedef struct tsr_transform {
  uint32_t struct_size;
  uint32_t reserved;
  tsr_str id;      /* "kv-cache" */
  tsr_str version; /* part of the cache key of what it makes */
  tsr_str summary; /* one line */
  const tsr_option_info *const *options;
  uint64_t option_count;
  /* `out` with data null = unchanged. An unknown option is an error that names the nearest. TSR_ANY */
  tsr_status *(*apply)(const tsr_host *host, const tsr_transform_args *args, tsr_buffer *out);
} tsr_transform;

/* ---- backends ----------------------------------------------------------------------------------------------- */

typedef struct tsr_program tsr_program; /* a compiled graph; opaque, the backend's */
typedef struct tsr_session tsr_session; /* retained state of a program: slots; opaque, the backend's */

typedef struct tsr_compile_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tsr_ext *next;
  const void *model; /* serialized onnx.ModelProto; functions that the backend does not claim are inlined */
  uint64_t model_size;
  tsr_str base_dir;
  const tsr_weights *weights; /* lives until compile returns; null when every initializer is in the model */
  const tsr_option *options;
  uint64_t option_count;
  const tsr_progress *progress; /* may be null */
} tsr_compile_args;

typedef struct tsr_session_args {
  uint32_t struct_size;
  uint32_t slots;      /* sequences held at once, >= 1; 0 for a program without state */
  const tsr_ext *next;
  uint64_t ctx_len;    /* positions a slot may hold, in tokens */
  uint64_t max_rows;   /* rows of one step at most */
  const tsr_option *options;
  uint64_t option_count;
} tsr_session_args;

typedef struct tsr_run_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tsr_ext *next;
  const tsr_tensor *const *inputs; /* all inputs of the graph but retained state */
  uint64_t input_count;
  /* The outputs wanted: name, dtype, dims and memory given by the caller, filled by the backend. A shape that
   * differs from what the graph gives is refused. Retained state is never listed. */
  tsr_tensor *const *outputs;
  uint64_t output_count;
} tsr_run_args;

/* Properties, asked by key of the backend, of a program or of a session. An unknown key is TSR_NOT_FOUND.
 *   backend  functions.claimed  text list  functions of domain `tessera` that it has kernels for
 *            passes.default     text list  passes that make a causal-lm graph fit, in order
 *            passes.encoder     text list  passes that make an encoder's graph fit; not answered: none
 *            batch.ragged       bool       a step is rows of one token each, a slot may appear in many rows
 *            bits.shape_invariant bool     bits do not depend on batch, slot, chunking or threads
 *            dtypes.weights     int64 list TSR_FLOAT, ...
 *            isa                text       instruction set tier in use;  isa.reason text  why
 *            isa.available      text list  tiers that this machine can run
 *   program  weights.bytes      int64      memory of packed weights
 *            kv.bytes_per_token int64      memory of one token of one slot, all layers
 *   session  kv.free_tokens     int64      tokens that `reserve` can still give; memory that slots share counts once
 *            kv.slot_tokens     int64      tokens whose memory one slot takes at most, whatever it reserves: ctx_len in
 *                                          whole blocks, less where a window lets memory be used again; a lower bound
 *                                          of kv.free_tokens that lets any `reserve` of an empty slot succeed
 *            kv.bytes           int64      memory held by retained state now */
typedef struct tsr_backend {
  uint32_t struct_size;
  uint32_t reserved;
  tsr_str id;      /* "cpu" */
  tsr_str summary; /* one line */
  const tsr_option_info *const *options;
  uint64_t option_count;
  /* TSR_PROBE */
  tsr_status *(*property)(const tsr_host *host, tsr_str key, tsr_value *out);
  /* A const struct by string id, or null; constant for the process. Optional: null = no interfaces. TSR_PROBE */
  const void *(*get_interface)(const tsr_host *host, tsr_str id);
  /* Lists every node that compile would refuse. Optional: null = only compile tells. TSR_ANY */
  tsr_status *(*check)(const tsr_host *host, const tsr_compile_args *args);
  /* TSR_ANY */
  tsr_status *(*compile)(const tsr_host *host, const tsr_compile_args *args, tsr_program **program);
  void (*program_destroy)(tsr_program *program);
  tsr_status *(*program_property)(tsr_program *program, tsr_str key, tsr_value *out); /* TSR_ANY */
  /* The program outlives its sessions. TSR_ANY */
  tsr_status *(*session_create)(tsr_program *program, const tsr_session_args *args, tsr_session **session);
  void (*session_destroy)(tsr_session *session);
  tsr_status *(*session_property)(tsr_session *session, tsr_str key, tsr_value *out); /* TSR_ANY */
  /* One step, blocking. After a failure the slots of its rows are undefined until reset. TSR_SERIAL(session) */
  tsr_status *(*run)(tsr_session *session, const tsr_run_args *args);
} tsr_backend;

/* Interface "tessera.slots/1": what a backend with retained state must offer. TSR_SERIAL(session)
 *
 * Rows of a step continue what their slot holds or overwrite it: to take back the last tokens (a draft that was not
 * accepted) it is enough to write their positions again. Where a window lets memory be used again, a slot keeps the
 * window and `max_rows` more; a step that looks further back, and a `truncate` to such a place, are refused. */
#define TSR_INTERFACE_SLOTS "tessera.slots/1"
typedef struct tsr_slots_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  tsr_status *(*reset)(tsr_session *session, uint32_t slot); /* empty, and all that was reserved given back */
  /* Room for `tokens` tokens in all, that is: steps that continue the slot up to there need no more memory. Gives
   * nothing back. TSR_OUT_OF_MEMORY when there is none (nothing changed then). */
  tsr_status *(*reserve)(tsr_session *session, uint32_t slot, uint64_t tokens);
  /* Positions >= tokens are forgotten, and room that was reserved beyond them is given back. */
  tsr_status *(*truncate)(tsr_session *session, uint32_t slot, uint64_t tokens);
  /* The empty slot `to` then holds positions [0, tokens) of `from`, which holds at least as many, as if it had computed
   * them; room for them is reserved. What both hold lies in memory once until one of them writes there. Refused for a
   * slot whose window has let memory be used again. TSR_OUT_OF_MEMORY: nothing changed. Optional: null = no fork. */
  tsr_status *(*fork)(tsr_session *session, uint32_t from, uint32_t to, uint64_t tokens);
} tsr_slots_v1;

/* Interface "tessera.machine-limits/1": what this machine can do at most, so that speeds can be told as fractions.
 * Each call measures anew, for about a second. TSR_ANY, but measurements side by side disturb one another. */
#define TSR_INTERFACE_MACHINE_LIMITS "tessera.machine-limits/1"
typedef struct tsr_machine_limits_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* Sequential reads of memory far larger than the caches, bytes per second. `threads` 0 = the host's budget. */
  tsr_status *(*read_bandwidth)(const tsr_host *host, int32_t threads, double *bytes_per_s);
  /* float32 fused multiply-add from registers, two operations each, operations per second. `isa` empty = the best. */
  tsr_status *(*fma_rate)(const tsr_host *host, int32_t threads, tsr_str isa, double *flop_per_s);
} tsr_machine_limits_v1;

/* ---- the plugin --------------------------------------------------------------------------------------------- */

/* Static data of the plugin; lives for the process. */
typedef struct tsr_plugin {
  uint32_t struct_size;
  uint32_t magic;     /* TSR_MAGIC */
  uint32_t built_abi; /* TSR_ABI_VERSION of the header it was built with */
  uint32_t needs_abi; /* lowest host it can live with; the draft part must equal the host's */
  tsr_str id;         /* lower-case letters, digits, '-'; unique in the process */
  tsr_str version;    /* the plugin's own */
  tsr_str licence;    /* SPDX */
  tsr_str vendor;
  const tsr_architecture *const *architectures;
  uint64_t architecture_count;
  const tsr_transform *const *transforms;
  uint64_t transform_count;
  const tsr_backend *const *backends;
  uint64_t backend_count;
  tsr_status *(*init)(const tsr_host *host);  /* optional: null = nothing to do. TSR_INIT */
  void (*shutdown)(void);                     /* optional; once, in reverse order of loading. TSR_INIT */
  const void *(*get_interface)(tsr_str id);   /* optional: plugin-wide interfaces. TSR_PROBE */
} tsr_plugin;

/* Pure, under 10 ms, callable twice. Null = refused, `*why` says why. TSR_PROBE */
typedef const tsr_plugin *(*tsr_plugin_entry)(const tsr_offer *offer, tsr_status **why);
#define TSR_ENTRY_SYMBOL "tessera_plugin_v0"
TSR_EXPORT const tsr_plugin *tessera_plugin_v0(const tsr_offer *offer, tsr_status **why);

#ifdef __cplusplus
}
#endif

#endif
