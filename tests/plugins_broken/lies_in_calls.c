/* Keeps the rules of the descriptor and breaks those of the calls: success with nothing, garbage, impossible
 * sizes. */
#include "valid.h"

static int32_t was_released;

static void release(void* ctx) {
  (void)ctx;
  was_released = 1;
}

/* What to do wrong is the model_type in config.json, or the first option's value. */
static tsr_status* misbehave(const tsr_host* host, tsr_str how, tsr_buffer* out) {
  static const char garbage[] = "\xFF\xFF\xFF";
  out->data = garbage;
  out->size = sizeof garbage - 1;
  out->release = release;
  if (how.len == 4 && memcmp(how.ptr, "null", 4) == 0) out->data = NULL, out->size = 0;
  if (how.len == 5 && memcmp(how.ptr, "large", 5) == 0) out->size = (uint64_t)1 << 40;
  if (how.len == 7 && memcmp(how.ptr, "nowhere", 7) == 0) out->data = NULL;
  (void)host;
  return NULL;
}

static tsr_status* build(const tsr_host* host, const tsr_build_args* args, tsr_buffer* model) {
  return misbehave(host, args->config, model);
}

static tsr_status* apply(const tsr_host* host, const tsr_transform_args* args, tsr_buffer* out) {
  return misbehave(host, args->options[0].value, out);
}

static tsr_status* recognise(const tsr_host* host, const tsr_recognise_args* args,
                             tsr_recognise_result* out) {
  (void)host;
  out->score = args->config.len == 0 ? -5 : 50;
  out->reason.data = "\xFC";
  out->reason.size = args->config.len == 0 ? 0 : 1;
  return NULL;
}

static tsr_status* compile(const tsr_host* host, const tsr_compile_args* args, tsr_program** program) {
  (void)host, (void)args, (void)program;
  return NULL;
}

/* Answers by key; "released" tells whether the last buffer was given back, and is honest. */
static tsr_status* property(const tsr_host* host, tsr_str key, tsr_value* out) {
  (void)host;
  out->type = TSR_TYPE_BOOL;
  out->i64 = was_released;
  if (key.len == 4 && memcmp(key.ptr, "type", 4) == 0) out->type = 77;
  if (key.len == 4 && memcmp(key.ptr, "list", 4) == 0) out->type = TSR_TYPE_INT64_LIST, out->count = 3;
  if (key.len == 4 && memcmp(key.ptr, "many", 4) == 0)
    out->type = TSR_TYPE_TEXT_LIST, out->count = UINT64_MAX;
  if (key.len == 4 && memcmp(key.ptr, "text", 4) == 0)
    out->type = TSR_TYPE_TEXT, out->text = text("\xC0\x80");
  return NULL;
}

BROKEN_PLUGIN(architecture.build = build; architecture.recognise = recognise; transform.apply = apply;
              backend.compile = compile; backend.property = property)
