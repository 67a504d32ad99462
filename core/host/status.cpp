#include "core/host/status.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "core/host/utf8.hpp"
#include "tessera/sdk/arguments.hpp"

/// What a status holds; opaque to plugins.
struct tsr_status {
  int32_t code = TSR_INTERNAL;
  std::string message, remedy, file, node, key, context;
  uint64_t offset = UINT64_MAX;
  int64_t native_code = 0;
  tsr_status* cause = nullptr;
};

namespace tessera {
namespace {

tsr_status* make_static(int32_t code, const char* message) {
  auto* status = new tsr_status;
  status->code = code;
  status->message = message;
  return status;
}

// Made before main, for failures that leave no memory to describe them; never freed.
tsr_status* const kOutOfMemory = make_static(TSR_OUT_OF_MEMORY, "out of memory");
tsr_status* const kNoDiag =
    make_static(TSR_MISUSE, "failed, and described it with a tsr_diag of impossible size");

std::string text(tsr_str from) {
  return to_utf8(sdk::view(from));
}

}  // namespace

tsr_status* make_status(const tsr_diag& from) noexcept {
  if (from.struct_size < sdk::kFirstSize<tsr_diag> || from.struct_size > sdk::kLargestStruct) return kNoDiag;
  tsr_diag diag{};
  std::memcpy(&diag, &from, std::min<size_t>(from.struct_size, sizeof(diag)));
  tsr_status* status = nullptr;
  try {
    status = new tsr_status;
    status->code = diag.code == TSR_OK ? TSR_INTERNAL : diag.code;
    status->message = text(diag.message);
    status->remedy = text(diag.remedy);
    status->file = text(diag.file);
    status->node = text(diag.node);
    status->key = text(diag.key);
    status->context = text(diag.context);
    status->offset = diag.offset;
    status->native_code = diag.native_code;
    status->cause = diag.cause;
    return status;
  } catch (...) {
    delete status;
    free_status(diag.cause);
    return kOutOfMemory;
  }
}

tsr_status* make_status(const Error& error) noexcept {
  // The SDK knows how an Error is described; all it needs of a host is `status_make`.
  static const tsr_host maker = [] {
    tsr_host host{};
    host.struct_size = sizeof(host);
    host.status_make = [](const tsr_host*, const tsr_diag* diag) { return make_status(*diag); };
    return host;
  }();
  return sdk::make_status(&maker, error);
}

void read_status(const tsr_status* status, tsr_diag& out) noexcept {
  if (status == nullptr) status = kNoDiag;
  tsr_diag diag{};
  diag.struct_size = out.struct_size;
  diag.code = status->code;
  diag.message = sdk::borrow(status->message);
  diag.remedy = sdk::borrow(status->remedy);
  diag.file = sdk::borrow(status->file);
  diag.node = sdk::borrow(status->node);
  diag.key = sdk::borrow(status->key);
  diag.context = sdk::borrow(status->context);
  diag.offset = status->offset;
  diag.native_code = status->native_code;
  diag.cause = status->cause;
  std::memcpy(&out, &diag, std::min<size_t>(out.struct_size, sizeof(diag)));
}

void free_status(tsr_status* status) noexcept {
  while (status != nullptr && status != kOutOfMemory && status != kNoDiag) {
    tsr_status* cause = status->cause;
    delete status;
    status = cause;
  }
}

}  // namespace tessera
