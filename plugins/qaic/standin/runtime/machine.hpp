/// The pretended cards: how many, how full, and which calls fail by order of the script.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugins/qaic/driver/qaic_api.h"
#include "plugins/qaic/standin/script.hpp"

namespace tessera::qaic::standin {

/// One for the process. While no context is open, a script that has changed starts it anew, and so does the
/// end of the last context: counts of calls and runs begin again. Any thread.
class Machine {
 public:
  static Machine& instance();

  /// Counts a call of `function`; the status that the script orders for it, if any. Throws kInvalidArgument
  /// for a script that makes no sense.
  std::optional<QStatus> fault(const std::string& function);

  /// Nullopt for an id that is no device.
  std::optional<QDevStatus> status(QID device);
  QResourceInfo resources(QID device);
  Script script();

  void open_context();
  void close_context();

  /// How often a device was reset: what was loaded before the last time is gone.
  uint64_t generation(QID device);
  /// Takes memory (at loading) or cores (at activation) of all `devices`, or of none: false.
  bool take_memory(const std::vector<QID>& devices, uint64_t bytes);
  bool take_cores(const std::vector<QID>& devices, int cores);
  /// Gives back what was taken when the devices had these generations; a reset has given it back already.
  void give_memory(const std::vector<QID>& devices, const std::vector<uint64_t>& generations, uint64_t bytes);
  void give_cores(const std::vector<QID>& devices, const std::vector<uint64_t>& generations, int cores);

  /// Counts a run on each of `devices`; one that the script wants reset is.
  void count_run(const std::vector<QID>& devices);

 private:
  struct Device {
    QDevStatus status = QDS_READY;
    int cores = 0;
    uint64_t memory = 0;
    uint64_t generation = 0, runs = 0;
  };
  void boot_if_changed();  // with the mutex
  void restart(Device& device) const;

  std::mutex mutex_;
  bool booted_ = false;
  std::string text_;
  Script script_;
  std::vector<Device> devices_;
  std::map<std::string, uint64_t> calls_;
  int contexts_ = 0;
  uint64_t generations_ = 0;
};

}  // namespace tessera::qaic::standin
