/* A plugin that keeps every rule: one architecture, one transform, one backend. Each file of this folder
 * breaks one thing of it, and the test says what the host must answer. */
#ifndef TESSERA_TESTS_PLUGINS_BROKEN_VALID_H
#define TESSERA_TESTS_PLUGINS_BROKEN_VALID_H

#include <stddef.h>
#include <string.h>

#include "tessera/abi.h"

static tsr_str text(const char* s) {
  tsr_str made;
  made.ptr = s;
  made.len = strlen(s);
  return made;
}

static tsr_status* fail(const tsr_host* host, int32_t code, const char* message) {
  tsr_diag diag;
  memset(&diag, 0, sizeof diag);
  diag.struct_size = sizeof diag;
  diag.code = code;
  diag.message = text(message);
  diag.offset = UINT64_MAX;
  return host->status_make(host, &diag);
}

static tsr_status* recognise_nothing(const tsr_host* host, const tsr_recognise_args* args,
                                     tsr_recognise_result* out) {
  (void)host, (void)args;
  out->score = 0;
  return NULL;
}

static tsr_status* build_nothing(const tsr_host* host, const tsr_build_args* args, tsr_buffer* model) {
  (void)args, (void)model;
  return fail(host, TSR_NOT_SUPPORTED, "nothing to build");
}

static tsr_status* apply_nothing(const tsr_host* host, const tsr_transform_args* args, tsr_buffer* out) {
  (void)host, (void)args, (void)out;
  return NULL;
}

static tsr_status* no_property(const tsr_host* host, tsr_str key, tsr_value* out) {
  (void)key, (void)out;
  return fail(host, TSR_NOT_FOUND, "no such property");
}

static tsr_status* compile_nothing(const tsr_host* host, const tsr_compile_args* args,
                                   tsr_program** program) {
  (void)args, (void)program;
  return fail(host, TSR_NOT_SUPPORTED, "nothing to compile");
}

/* Never called: nothing compiles. */
static void program_destroy(tsr_program* program) {
  (void)program;
}
static void session_destroy(tsr_session* session) {
  (void)session;
}
static tsr_status* program_property(tsr_program* program, tsr_str key, tsr_value* out) {
  (void)program, (void)key, (void)out;
  return NULL;
}
static tsr_status* session_property(tsr_session* session, tsr_str key, tsr_value* out) {
  (void)session, (void)key, (void)out;
  return NULL;
}
static tsr_status* session_create(tsr_program* program, const tsr_session_args* args, tsr_session** session) {
  (void)program, (void)args, (void)session;
  return NULL;
}
static tsr_status* run(tsr_session* session, const tsr_run_args* args) {
  (void)session, (void)args;
  return NULL;
}

static tsr_architecture architecture;
static tsr_transform transform;
static tsr_backend backend;
static tsr_plugin plugin;
static const tsr_architecture* architectures[] = {&architecture, &architecture};
static const tsr_transform* transforms[] = {&transform, &transform};
static const tsr_backend* backends[] = {&backend, &backend};

/* Fills the statics above; answers &plugin. */
static tsr_plugin* valid_plugin(void) {
  architecture.struct_size = sizeof architecture;
  architecture.id = text("broken-architecture");
  architecture.recognise = recognise_nothing;
  architecture.build = build_nothing;

  transform.struct_size = sizeof transform;
  transform.id = text("broken-transform");
  transform.version = text("1");
  transform.apply = apply_nothing;

  backend.struct_size = sizeof backend;
  backend.id = text("broken-backend");
  backend.property = no_property;
  backend.compile = compile_nothing;
  backend.program_destroy = program_destroy;
  backend.program_property = program_property;
  backend.session_create = session_create;
  backend.session_destroy = session_destroy;
  backend.session_property = session_property;
  backend.run = run;

  plugin.struct_size = sizeof plugin;
  plugin.magic = TSR_MAGIC;
  plugin.built_abi = TSR_ABI_VERSION;
  plugin.needs_abi = TSR_ABI_VERSION;
  plugin.id = text("broken");
  plugin.version = text("0.1.0");
  plugin.licence = text("Apache-2.0");
  plugin.vendor = text("Tests");
  plugin.architectures = architectures;
  plugin.architecture_count = 1;
  plugin.transforms = transforms;
  plugin.transform_count = 1;
  plugin.backends = backends;
  plugin.backend_count = 1;
  return &plugin;
}

/* The entry of a plugin whose descriptor differs from the valid one by one statement. */
#define BROKEN_PLUGIN(statement)                                                  \
  const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) { \
    (void)offer, (void)why;                                                       \
    valid_plugin();                                                               \
    statement;                                                                    \
    return &plugin;                                                               \
  }

#endif
