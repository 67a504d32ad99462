/// Errors on both sides of the boundary: `tessera::Error` becomes a status, a status becomes an `Error`
/// again.
///
/// No exception crosses the C ABI: every function that a plugin gives to the host runs inside `guard`.
#pragma once

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"

namespace tessera::sdk {

inline std::string_view view(tsr_str text) {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

/// Borrows: valid as long as the memory behind `text`.
inline tsr_str borrow(std::string_view text) {
  return tsr_str{text.data(), text.size()};
}

/// A status that carries all of `error`. Never fails and never throws: without memory for the context lines
/// they are left out, without memory for the status the host answers a static one. The receiver frees it.
inline tsr_status* make_status(const tsr_host* host, const Error& error) noexcept {
  std::string context;
  try {
    for (const std::string& line : error.context()) context.append(context.empty() ? "" : "\n").append(line);
  } catch (const std::bad_alloc&) {
    context.clear();
  }
  tsr_diag diag{};
  diag.struct_size = sizeof(diag);
  diag.code = static_cast<int32_t>(error.code());
  diag.message = borrow(error.message());
  diag.remedy = borrow(error.remedy_text());
  diag.file = borrow(error.file_name());
  diag.node = borrow(error.node_name());
  diag.key = borrow(error.key_name());
  diag.offset = error.byte_offset();
  diag.context = borrow(context);
  return host->status_make(host, &diag);
}

/// The same for text that no Error holds: works without memory.
inline tsr_status* make_status(const tsr_host* host, ErrorCode code, const char* message) noexcept {
  tsr_diag diag{};
  diag.struct_size = sizeof(diag);
  diag.code = static_cast<int32_t>(code);
  diag.message = borrow(message);
  diag.offset = UINT64_MAX;
  return host->status_make(host, &diag);
}

namespace detail {

/// The message of a status with what `Error` has no field for: an unknown code, a driver's number, the
/// causes.
inline std::string whole_message(const tsr_host* host, const tsr_diag& diag) {
  std::string text(view(diag.message));
  if (text.empty()) text = "failed without saying why";
  if (diag.code < TSR_INVALID_ARGUMENT || diag.code > TSR_IO)
    text += " (unknown status code " + std::to_string(diag.code) + ")";
  if (diag.native_code != 0) text += " (native code " + std::to_string(diag.native_code) + ")";
  constexpr int kMostCauses = 8;
  const tsr_status* cause = diag.cause;
  for (int depth = 0; cause != nullptr && depth < kMostCauses; ++depth) {
    tsr_diag inner{};
    inner.struct_size = sizeof(inner);
    host->status_read(host, cause, &inner);
    text.append(": ").append(view(inner.message));
    cause = inner.cause;
  }
  return text;
}

}  // namespace detail

/// What a status says, as an Error; the status stays the caller's. An unknown code counts as kInternal.
inline Error read_status(const tsr_host* host, const tsr_status* status) {
  tsr_diag diag{};
  diag.struct_size = sizeof(diag);
  diag.offset = UINT64_MAX;
  host->status_read(host, status, &diag);
  const bool known = diag.code >= TSR_INVALID_ARGUMENT && diag.code <= TSR_IO;
  Error error(known ? static_cast<ErrorCode>(diag.code) : ErrorCode::kInternal,
              detail::whole_message(host, diag));
  error.add_file(view(diag.file));
  error.add_node(view(diag.node));
  error.add_key(view(diag.key));
  error.add_remedy(view(diag.remedy));
  error.add_offset(diag.offset);
  std::string_view lines = view(diag.context);
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    if (end > 0) error.add_context(std::string(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return error;
}

/// Takes the status over: frees it and throws what it says. Null is success.
inline void throw_if_failed(const tsr_host* host, tsr_status* status) {
  if (status == nullptr) return;
  struct Free {
    const tsr_host* host;
    tsr_status* status;
    ~Free() { host->status_free(host, status); }
  } free_it{host, status};
  throw read_status(host, status);
}

/// Runs `body` and answers null, or the status of what it threw. A thread's forced unwinding (pthread_cancel)
/// is let through: glibc aborts the process when somebody swallows it.
template <class Body>
tsr_status* guard(const tsr_host* host, Body&& body) {
  try {
    body();
    return nullptr;
  } catch (const Error& error) {
    return make_status(host, error);
  } catch (const std::bad_alloc&) {
    return make_status(host, ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return make_status(host, ErrorCode::kInternal, error.what());
#ifdef __GLIBCXX__
  } catch (const abi::__forced_unwind&) {
    throw;
#endif
  } catch (...) {
    return make_status(host, ErrorCode::kInternal, "an exception of unknown type");
  }
}

}  // namespace tessera::sdk
