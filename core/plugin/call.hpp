/// Calling a function of a plugin: statuses become errors that name the plugin and what it was doing; what a
/// plugin must not do becomes an error as well.
#pragma once

#include <cxxabi.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "core/plugin/loaded_plugin.hpp"
#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/value.hpp"

namespace tessera::plugin {

/// What is being done, for errors: {"compiling with backend", "cpu"}. Costs nothing while all is well.
struct Doing {
  const char* what;
  std::string_view object;
};

/// The error for a plugin that breaks its contract: kInternal, naming plugin and call.
Error misbehaves(const LoadedPlugin& plugin, const Doing& doing, const std::string& how);

/// Adds "<doing> '<object>' (plugin <id> <version>)".
void add_context(Error& error, const LoadedPlugin& plugin, const Doing& doing);

/// Runs `function`, which calls the plugin and gives its status; throws what that says.
/// Catching what the plugin throws is a courtesy: one with its own C++ runtime ends the process.
template <class Function>
void call(const LoadedPlugin& plugin, const Doing& doing, Function&& function) {
  tsr_status* status = nullptr;
  try {
    status = function();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& error) {
    throw misbehaves(plugin, doing, std::string("it let an exception out: ") + error.what());
  } catch (...) {
    throw misbehaves(plugin, doing, "it let an exception out");
  }
  if (status == nullptr) return;
  try {
    sdk::throw_if_failed(plugin.host.c(), status);
  } catch (Error& error) {
    add_context(error, plugin, doing);
    throw;
  }
}

/// Takes over the bytes that a plugin answered. Throws (`misbehaves`) when they have a size but no data, or
/// are more than `most`.
sdk::Buffer take(const LoadedPlugin& plugin, const Doing& doing, const tsr_buffer& buffer, uint64_t most);

/// The text of a buffer; throws when it is not UTF-8 or longer than a message may be.
std::string take_text(const LoadedPlugin& plugin, const Doing& doing, const tsr_buffer& buffer);

/// Asks for a property: `ask` calls the plugin with the value to fill. Throws kNotFound for an unknown key.
template <class Ask>
sdk::Value ask_property(const LoadedPlugin& plugin, const Doing& doing, Ask&& ask);

/// Copies and checks a property's value.
sdk::Value checked_value(const LoadedPlugin& plugin, const Doing& doing, const tsr_value& value);

template <class Ask>
sdk::Value ask_property(const LoadedPlugin& plugin, const Doing& doing, Ask&& ask) {
  tsr_value value{};
  value.struct_size = sizeof(value);
  call(plugin, doing, [&] { return ask(&value); });
  return checked_value(plugin, doing, value);
}

}  // namespace tessera::plugin
