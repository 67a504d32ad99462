/* Fails with a status that uses every member of tsr_diag, or with strange ones: the host must lose nothing.
 */
#include "valid.h"

static tsr_status* fail_with_everything(const tsr_host* host) {
  tsr_diag diag;
  memset(&diag, 0, sizeof diag);
  diag.struct_size = sizeof diag;
  diag.code = TSR_CORRUPT_DATA;
  diag.message = text("the scale is negative");
  diag.remedy = text("export the model again");
  diag.file = text("model.safetensors");
  diag.node = text("layers.3/mlp");
  diag.key = text("scale");
  diag.offset = 4096;
  diag.native_code = -7;
  diag.cause = fail(host, TSR_IO, "read 3 bytes of 4");
  diag.context = text("packing 'layers.3/mlp'\nreading weights");
  return host->status_make(host, &diag);
}

static tsr_status* apply(const tsr_host* host, const tsr_transform_args* args, tsr_buffer* out) {
  const tsr_str how = args->options[0].value;
  (void)out;
  if (how.len == 10) return fail_with_everything(host);             /* everything */
  if (how.len == 4) return fail(host, 7777, "M\xFCller");           /* code */
  if (how.len == 6) return host->status_make(host, &(tsr_diag){0}); /* nobody */
  return fail(host, TSR_OK, "");                                    /* ok */
}

BROKEN_PLUGIN(transform.apply = apply)
