#include "runtime/engine/guarded_memory.hpp"

#include "tessera/sdk/error.hpp"

namespace tessera::engine {

template <typename Call>
auto GuardedMemory::guard(const Call& call, decltype(call()) otherwise) const {
  if (lost_) return otherwise;
  try {
    return call();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDeviceLost) throw;
    lost_ = std::current_exception();
    return otherwise;
  }
}

void GuardedMemory::reset(uint32_t slot) {
  guard(
      [&] {
        memory_.reset(slot);
        return true;
      },
      true);
}

bool GuardedMemory::reserve(uint32_t slot, int64_t tokens) {
  return guard([&] { return memory_.reserve(slot, tokens); }, true);
}

bool GuardedMemory::truncate(uint32_t slot, int64_t tokens) {
  return guard([&] { return memory_.truncate(slot, tokens); }, true);
}

bool GuardedMemory::fork(uint32_t from, uint32_t to, int64_t tokens) {
  return guard([&] { return memory_.fork(from, to, tokens); }, true);
}

int64_t GuardedMemory::free_tokens() const {
  return guard([&] { return memory_.free_tokens(); }, INT64_MAX / 2);
}

}  // namespace tessera::engine
