/// For backends that run on devices: the interface "tessera.devices/1" (tessera/devices.h).
///
///     class MyBackend : public sdk::Backend, public sdk::DeviceList { ...
///       const void* interface(std::string_view id) const override { return
///       sdk::find_device_list<MyBackend>(id); }
#pragma once

#include <string>
#include <string_view>

#include "tessera/devices.h"
#include "tessera/sdk/backend.hpp"

namespace tessera::sdk {

template <>
inline constexpr uint32_t kFirstSize<tsr_devices_v1> = 16;

/// What such a backend implements.
class DeviceList {
 public:
  virtual ~DeviceList() = default;
  /// The JSON object of tessera/devices.h. Throws where a driver that was named cannot be used. Any thread.
  virtual std::string devices(const Options& options) const = 0;
};

namespace detail {

template <class T>
tsr_status* list_devices(const tsr_host* host, const tsr_option* options, uint64_t count, tsr_buffer* json) {
  return guard(host, [&] {
    static const T& backend = *new T;
    const std::string text = backend.devices(Options(backend.options(), options, count));
    check_size(json, "tsr_buffer");
    fill(json, give(text), "tsr_buffer");
  });
}

}  // namespace detail

/// The table of backend `T` for "tessera.devices/1", null for another id. `T` derives from Backend and
/// DeviceList and has no state: the table asks an object of its own.
template <class T>
const void* find_device_list(std::string_view id) {
  static const tsr_devices_v1 table = {sizeof(tsr_devices_v1), 0, &detail::list_devices<T>};
  return id == TSR_INTERFACE_DEVICES ? &table : nullptr;
}

}  // namespace tessera::sdk
