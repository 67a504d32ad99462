/* A plugin in plain C, from tessera/abi.h alone: one transform that sets the model's producer_name.
 * With the C++ SDK the same takes ten lines (docs/plugin-authors.md); this is what it does underneath. */
#include <stdlib.h>
#include <string.h>

#include "tessera/abi.h"

static tsr_str text(const char* s) {
  tsr_str made;
  made.ptr = s;
  made.len = strlen(s);
  return made;
}

static int equal(tsr_str a, const char* b) {
  return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

/* The host makes statuses, so that it can read and free them; a null status is success. */
static tsr_status* fail(const tsr_host* host, int32_t code, const char* message, tsr_str key,
                        const char* remedy) {
  tsr_diag diag;
  memset(&diag, 0, sizeof diag);
  diag.struct_size = sizeof diag;
  diag.code = code;
  diag.message = text(message);
  diag.key = key;
  diag.remedy = text(remedy);
  diag.offset = UINT64_MAX; /* not known */
  return host->status_make(host, &diag);
}

/* Arguments of a newer host may be longer. What we do not know must be zero: else it is a wish that we would
 * drop. */
static int asks_for_more(const void* args, uint32_t known, uint32_t size) {
  const unsigned char* bytes = args;
  uint32_t i;
  for (i = known; i < size; ++i)
    if (bytes[i] != 0) return 1;
  return 0;
}

/* An unknown extension may be skipped unless it says REQUIRED. */
static int requires_extension(const tsr_ext* next) {
  for (; next != NULL; next = next->next)
    if (next->flags & TSR_EXT_REQUIRED) return 1;
  return 0;
}

/* producer_name is field 2 of ModelProto, and in protobuf the last value of a field wins: append it. */
static size_t write_producer(unsigned char* out, tsr_str name) {
  size_t at = 0;
  uint64_t rest = name.len;
  out[at++] = 0x12; /* field 2, length-delimited */
  for (; rest >= 0x80; rest >>= 7) out[at++] = (unsigned char)(rest | 0x80);
  out[at++] = (unsigned char)rest;
  if (name.len > 0) memcpy(out + at, name.ptr, name.len);
  return at + name.len;
}

static tsr_status* apply(const tsr_host* host, const tsr_transform_args* args, tsr_buffer* out) {
  enum { kHeader = 1 + 10 }; /* tag and the longest length */
  tsr_str name = text("tessera");
  unsigned char* bytes;
  uint64_t i;
  if (args->struct_size < sizeof *args || args->reserved != 0 || requires_extension(args->next) ||
      asks_for_more(args, sizeof *args, args->struct_size))
    return fail(host, TSR_VERSION, "the arguments are of another version", text(""), "update the plugin");
  for (i = 0; i < args->option_count; ++i) {
    if (!equal(args->options[i].name, "name"))
      return fail(host, TSR_INVALID_ARGUMENT, "unknown option", args->options[i].name,
                  "did you mean 'name'?");
    name = args->options[i].value;
  }
  bytes = malloc(args->model_size + kHeader + name.len);
  if (bytes == NULL) return fail(host, TSR_OUT_OF_MEMORY, "no memory for the model", text(""), "");
  memcpy(bytes, args->model, args->model_size);
  out->data = bytes;
  out->size = args->model_size + write_producer(bytes + args->model_size, name);
  out->release = free; /* the receiver calls it once, with ctx */
  out->ctx = bytes;
  return NULL;
}

static tsr_option_info name_option;
static tsr_transform set_producer;
static tsr_plugin plugin;
static const tsr_option_info* const options[] = {&name_option};
static const tsr_transform* const transforms[] = {&set_producer};

/* Text members cannot be constant expressions in C89, so the tables are filled at the first call, always
 * alike. */
static const tsr_plugin* describe(void) {
  name_option.struct_size = sizeof name_option;
  name_option.type = TSR_TYPE_TEXT;
  name_option.name = text("name");
  name_option.default_text = text("tessera");
  name_option.help = text("the new producer_name");

  set_producer.struct_size = sizeof set_producer;
  set_producer.id = text("set-producer");
  set_producer.version = text("1");
  set_producer.summary = text("sets the model's producer_name");
  set_producer.options = options;
  set_producer.option_count = 1;
  set_producer.apply = apply;

  plugin.struct_size = sizeof plugin;
  plugin.magic = TSR_MAGIC;
  plugin.built_abi = TSR_ABI_VERSION;
  plugin.needs_abi = TSR_ABI_VERSION;
  plugin.id = text("plain-c");
  plugin.version = text("0.1.0");
  plugin.licence = text("Apache-2.0");
  plugin.vendor = text("Tessera");
  plugin.transforms = transforms;
  plugin.transform_count = 1;
  return &plugin;
}

TSR_EXPORT const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) {
  if (offer->abi != TSR_ABI_VERSION) {
    *why =
        fail(offer->host, TSR_VERSION, "built for another draft of the ABI", text(""), "rebuild the plugin");
    return NULL;
  }
  return describe();
}
