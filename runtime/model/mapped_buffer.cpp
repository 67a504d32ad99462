#include "runtime/model/mapped_buffer.hpp"

#include <memory>
#include <new>

#include "core/host/status.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {

tsr_status* give_mapped(const std::function<MappedView()>& map, tsr_buffer* out) {
  try {
    auto mapped = std::make_unique<MappedView>(map());
    out->data = mapped->data();
    out->size = mapped->size();
    out->release = [](void* held) { delete static_cast<MappedView*>(held); };
    out->ctx = mapped.release();
    return nullptr;
  } catch (const Error& error) {
    return make_status(error);
  } catch (const std::bad_alloc&) {
    return make_status(Error(ErrorCode::kOutOfMemory, "out of memory"));
  }
}

}  // namespace tessera
