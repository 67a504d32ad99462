/* Interface "tessera.devices/1" of a backend (abi.h, tsr_backend::get_interface): the devices that it would
 * run on, and how they are, without a model. Optional, as every interface: a backend without it runs on this
 * machine's processors. A header of its own, so that only who offers or asks for it sees it. Plain C89, rules
 * as in abi.h. */
#ifndef TESSERA_DEVICES_H
#define TESSERA_DEVICES_H

#include "tessera/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TSR_INTERFACE_DEVICES "tessera.devices/1"
typedef struct tsr_devices_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* What the backend finds with these options (those of compile), as a JSON object of at most 64 KiB:
   *   driver    text  what talks to the devices, with version and file; empty: it is not installed
   *   stand_in  bool  no device computes: made for machines without one
   *   note      text  why there is nothing to see; empty: nothing is wrong
   *   remedy    text  what to do about that
   *   devices   list of objects: id (text, as options name it), ready (bool), state (text: "ready", ...) and
   *             facts (an object of texts, for people: {"cores": "16, 16 free"})
   * A driver that nobody named and that is not there is an answer; one that was named (option, environment)
   * and cannot be used is a failure. Opens the driver and may take as long as that takes. TSR_ANY */
  tsr_status* (*list)(const tsr_host* host, const tsr_option* options, uint64_t option_count,
                      tsr_buffer* json);
} tsr_devices_v1;

#ifdef __cplusplus
}
#endif

#endif
