/// QStatus as tessera::Error.
#pragma once

#include <string>

#include "qaic_api.h"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {

/// "QS_TIMEDOUT"; "status 77" for an unknown number.
std::string status_name(QStatus status);

/// The error for a call that failed: "qaicLoadProgram failed: QS_NOMEM (no memory on the device)", with the
/// code and the remedy that the status allows.
Error status_error(QStatus status, const std::string& function);

/// Throws `status_error` unless `status` is QS_SUCCESS.
void check(QStatus status, const char* function);

}  // namespace tessera::qaic
