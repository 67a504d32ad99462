/* Interface "tessera.planning/1" of a backend (abi.h, tsr_backend::get_interface): what a compilation does
 * may depend on its options; this tells it beforehand. Optional, as every interface; a header of its own, so
 * that only who offers or asks for it sees it. Plain C89, rules as in abi.h.
 *
 * A backend whose compilation leaves files for the user answers two more properties of its programs:
 *   files    text list  paths of the files that compile wrote
 *   command  text       command line that it ran or, told to compile nothing, would run */
#ifndef TESSERA_PLANNING_H
#define TESSERA_PLANNING_H

#include "tessera/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TSR_INTERFACE_PLANNING "tessera.planning/1"
typedef struct tsr_planning_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* The passes that fit the graph, as its architecture built it, to a compilation with these options: one a
   * line, in order, written as in the property passes.default ("select-logits:mode=last"). Takes the place of
   * passes.default and passes.encoder. Fails where compile would refuse the options. TSR_ANY */
  tsr_status* (*passes)(const tsr_host* host, const tsr_compile_args* args, tsr_buffer* lines);
  /* What compile would make of the graph after the passes, and what that takes, as a JSON object of at most
   * 64 KiB; fails where compile would refuse. Optional: null = nothing to tell. TSR_ANY */
  tsr_status* (*plan)(const tsr_host* host, const tsr_compile_args* args, tsr_buffer* json);
} tsr_planning_v1;

#ifdef __cplusplus
}
#endif

#endif
