/// The host's side of `tsr_status`: made, read and freed here, whoever fails.
#pragma once

#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"

namespace tessera {

/// A status of all that `diag` says. Takes over `diag.cause`. Texts that are not UTF-8 are mended. Never
/// fails: without memory, or for a diag of impossible size, it answers a static status that says so. Any
/// thread.
tsr_status* make_status(const tsr_diag& diag) noexcept;

/// A status of all that `error` says. Never fails. Any thread.
tsr_status* make_status(const Error& error) noexcept;

/// Fills `out` as far as `out.struct_size` says; texts and cause live as long as the status. Any thread.
void read_status(const tsr_status* status, tsr_diag& out) noexcept;

/// Frees the status and its causes. Null is fine. Any thread.
void free_status(tsr_status* status) noexcept;

}  // namespace tessera
