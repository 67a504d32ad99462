#include "core/plugin/host_table.hpp"

#include <mutex>
#include <utility>
#include <vector>

#include "core/host/log.hpp"
#include "core/host/status.hpp"
#include "core/host/thread_budget.hpp"
#include "core/host/utf8.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::plugin {

/// The C table is the base, so that the `host` which a function gets back leads to the whole object.
struct HostTable::Table : tsr_host {
  Table() : tsr_host{} {}
  std::shared_ptr<const HostFacts> facts;
  std::string plugin;

  static const Table& of(const tsr_host* host) { return static_cast<const Table&>(*host); }

  static tsr_status* make(const tsr_host*, const tsr_diag* diag) {
    return diag == nullptr ? make_status(tsr_diag{}) : make_status(*diag);
  }
  static void read(const tsr_host*, const tsr_status* status, tsr_diag* out) {
    if (out != nullptr) read_status(status, *out);
  }
  static void free(const tsr_host*, tsr_status* status) { free_status(status); }

  static int32_t log_is_enabled(const tsr_host*, int32_t level) {
    return tessera::log_enabled(clamp(level)) ? 1 : 0;
  }
  static void log_line(const tsr_host* host, int32_t level, tsr_str component, tsr_str text) {
    if (!tessera::log_enabled(clamp(level))) return;
    try {
      const std::string from = of(host).plugin + "/" + to_utf8(sdk::view(component));
      tessera::log(clamp(level), from, to_utf8(sdk::view(text)));
    } catch (...) {
      // No memory for a line of log.
    }
  }
  /// Levels that we do not know are between or beyond those that we do.
  static LogLevel clamp(int32_t level) {
    if (level < TSR_LOG_TRACE) return LogLevel::kTrace;
    return level > TSR_LOG_ERROR ? LogLevel::kError : static_cast<LogLevel>(level);
  }

  static int32_t budget(const tsr_host* host) {
    try {
      return tessera::thread_budget(of(host).facts->threads);
    } catch (...) {
      return 1;
    }
  }
};

namespace {

/// Keeps the tables reachable: a leak checker must not take "for the life of the process" for a leak.
void keep(void* table) {
  static std::mutex& mutex = *new std::mutex;
  static std::vector<void*>& tables = *new std::vector<void*>;
  const std::lock_guard<std::mutex> lock(mutex);
  tables.push_back(table);
}

}  // namespace

HostTable::HostTable(std::shared_ptr<const HostFacts> facts, std::string plugin) : table_(new Table) {
  keep(table_);
  table_->facts = std::move(facts);
  table_->plugin = std::move(plugin);
  table_->struct_size = sizeof(tsr_host);
  table_->abi = TSR_ABI_VERSION;
  table_->status_make = &Table::make;
  table_->status_read = &Table::read;
  table_->status_free = &Table::free;
  table_->log_enabled = &Table::log_is_enabled;
  table_->log = &Table::log_line;
  table_->thread_budget = &Table::budget;
}

void HostTable::rename(std::string plugin) {
  table_->plugin = std::move(plugin);
}

const tsr_host* HostTable::c() const {
  return table_;
}

}  // namespace tessera::plugin
