/// Devices of backends as a person and a program read them: --list-devices, doctor.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "tessera/device_list.hpp"

namespace tessera::cli {

/// Adds --list-devices where a command has --backend.
void add_device_list_flag(Arguments& arguments);

/// Prints the devices of the backend that flags or run file name; without such a name, of all backends. What
/// keeps a backend from telling them is part of what is printed. Throws Error kNotFound for an unknown
/// backend.
void print_device_list(Arguments& arguments);

/// A backend's answer, or why there is none.
struct DeviceAnswer {
  std::optional<DeviceList> list;  ///< nullopt: the processors of this machine, or a problem
  std::string file = {}, problem = {}, remedy = {};
  bool late = false;  ///< the driver is still being waited for: end the process without cleaning up
};

/// Asks `backend` with the options that `config` has for it: its own section, and those that are given where
/// it is the chosen one. Waits for no more than 10 seconds: a device that hangs must not hang who looks for
/// the reason.
DeviceAnswer ask_for_devices(const Config& config, const std::string& backend);

/// Lines, indented.
std::string text_of(const DeviceAnswer& answer);
boost::json::object json_of(const DeviceAnswer& answer);

}  // namespace tessera::cli
