/// The devices of this machine that a backend would run on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tessera/model.hpp"

namespace tessera {

struct DeviceInfo {
  std::string id;  ///< as options name it
  bool ready = false;
  std::string state;  ///< "ready", "initializing", ...
  /// For people: {"cores", "16, 16 free"}.
  std::vector<std::pair<std::string, std::string>> facts = {};
};

struct DeviceList {
  std::string backend;
  std::string driver;       ///< what talks to the devices, with version and file; empty: not installed
  bool stand_in = false;    ///< made for machines without the device: nothing computes there
  std::string note = {};    ///< why there is nothing to see; empty: nothing is wrong
  std::string remedy = {};  ///< what to do about it
  std::vector<DeviceInfo> devices = {};
};

/// Asks the backend that `options` names, which may open a driver and wait for it. Nullopt: it runs on this
/// machine's processors. Throws Error kNotFound for an unknown backend, and what the backend says of a driver
/// that an option or the environment names and that cannot be used.
std::optional<DeviceList> list_devices(const CompileOptions& options,
                                       const std::vector<std::string>& plugin_paths = {});

}  // namespace tessera
