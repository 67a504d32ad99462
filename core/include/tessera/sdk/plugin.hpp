/// Everything a plugin in C++ needs: one include, classes to derive from, one macro. Header-only.
///
///     class Llama : public tessera::sdk::Architecture { ... };
///
///     TESSERA_PLUGIN("llama", "0.1.0", "Apache-2.0", "Tessera", tessera::sdk::architecture<Llama>())
///
/// A plugin may register any mix of architectures, transforms and backends. docs/plugin-authors.md is the
/// guide.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/architecture.hpp"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/backend.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/options.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/transform.hpp"
#include "tessera/sdk/value.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::sdk {

/// One thing that a plugin registers; made by the functions below.
struct Registration {
  const tsr_architecture* architecture = nullptr;
  const tsr_transform* transform = nullptr;
  const tsr_backend* backend = nullptr;
  tsr_status* (*init)(const tsr_host*) = nullptr;
  void (*shutdown)() = nullptr;
};

// Each makes its one object of T (default constructor) when the host first asks the plugin what it is. That
// must be quick and pure: no thread, no file, no device.
template <class T>
Registration architecture() {
  Registration made;
  made.architecture = detail::ArchitectureTable<T>::instance().c();
  return made;
}
template <class T>
Registration transform() {
  Registration made;
  made.transform = detail::TransformTable<T>::instance().c();
  return made;
}
template <class T>
Registration backend() {
  Registration made;
  made.backend = detail::BackendTable<T>::instance().c();
  return made;
}

/// `Function` is `void(Host)`: called once, on the host's main thread, after the plugin was accepted.
template <auto Function>
Registration on_init() {
  Registration made;
  made.init = [](const tsr_host* host) { return guard(host, [&] { Function(Host(host)); }); };
  return made;
}

/// `Function` is `void() noexcept`: called once, before the process ends; join threads here, not in
/// destructors.
template <auto Function>
Registration on_shutdown() {
  static_assert(noexcept(Function()), "shutdown cannot fail");
  Registration made;
  made.shutdown = [] { Function(); };
  return made;
}

namespace detail {

/// The plugin's descriptor; one a plugin, made by TESSERA_PLUGIN.
class Descriptor {
 public:
  Descriptor(std::string_view id, std::string_view version, std::string_view licence, std::string_view vendor,
             std::initializer_list<Registration> registrations) {
    c_.struct_size = sizeof(c_);
    c_.magic = TSR_MAGIC;
    c_.built_abi = TSR_ABI_VERSION;
    c_.needs_abi = TSR_ABI_VERSION;  // a draft lives with its equal only
    c_.id = borrow(id);
    c_.version = borrow(version);
    c_.licence = borrow(licence);
    c_.vendor = borrow(vendor);
    for (const Registration& made : registrations) add(made);
    c_.architectures = architectures_.data();
    c_.architecture_count = architectures_.size();
    c_.transforms = transforms_.data();
    c_.transform_count = transforms_.size();
    c_.backends = backends_.data();
    c_.backend_count = backends_.size();
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  const tsr_plugin* c() const { return &c_; }

 private:
  void add(const Registration& made) {
    if (made.architecture != nullptr) architectures_.push_back(made.architecture);
    if (made.transform != nullptr) transforms_.push_back(made.transform);
    if (made.backend != nullptr) backends_.push_back(made.backend);
    if (made.init != nullptr) c_.init = made.init;
    if (made.shutdown != nullptr) c_.shutdown = made.shutdown;
  }

  std::vector<const tsr_architecture*> architectures_;
  std::vector<const tsr_transform*> transforms_;
  std::vector<const tsr_backend*> backends_;
  tsr_plugin c_{};
};

/// "draft 1 of 1.0": how messages print a packed version.
inline std::string abi_text(uint32_t abi) {
  std::string text = std::to_string((abi >> 16) & 0xff) + "." + std::to_string(abi & 0xffff);
  const uint32_t draft = abi >> 24;
  return draft == 0 ? text : text + " draft " + std::to_string(draft);
}

/// The body of the entry symbol: refuses a host that this plugin cannot live with, else answers the
/// descriptor.
template <class MakeDescriptor>
const tsr_plugin* answer_offer(const tsr_offer* offer, tsr_status** why, MakeDescriptor&& make) {
  const bool can_explain = offer != nullptr && offer->struct_size >= kFirstSize<tsr_offer> &&
                           why != nullptr && offer->host != nullptr &&
                           offer->host->struct_size >= kFirstSize<tsr_host>;
  if (!can_explain) return nullptr;
  const tsr_plugin* answer = nullptr;
  tsr_status* failure = guard(offer->host, [&] {
    if (offer->abi != TSR_ABI_VERSION)
      throw Error(ErrorCode::kVersion, "the plugin is built for ABI " + abi_text(TSR_ABI_VERSION) +
                                           ", the host offers " + abi_text(offer->abi))
          .remedy("build the plugin with the host's tessera/abi.h");
    answer = make();
  });
  if (failure != nullptr) *why = failure;
  return answer;
}

}  // namespace detail
}  // namespace tessera::sdk

/// Defines the plugin's one exported symbol. `id`: lower-case letters, digits, '-'; `licence`: SPDX; then one
/// or more of architecture<T>(), transform<T>(), backend<T>(), on_init<f>(), on_shutdown<f>().
#define TESSERA_PLUGIN(id, version, licence, vendor, ...)                                               \
  extern "C" TSR_EXPORT const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) { \
    return ::tessera::sdk::detail::answer_offer(offer, why, [] {                                        \
      static const ::tessera::sdk::detail::Descriptor& descriptor =                                     \
          *new ::tessera::sdk::detail::Descriptor(id, version, licence, vendor, {__VA_ARGS__});         \
      return descriptor.c();                                                                            \
    });                                                                                                 \
  }
