/// A compiled program as the host sees it, whatever made it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiled_shapes.hpp"
#include "plugins/qaic/driver/library.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// How a program is run.
struct RunSettings {
  LibraryChoice library = {};
  /// Physical ids in the order of the partition; empty: the first that are free.
  std::vector<int64_t> devices = {};
  int64_t num_devices = 1;     ///< that the program is compiled for
  int64_t timeout_ms = 60000;  ///< of one run
  int64_t runs_in_flight = 2;  ///< of a program without state, whose runs do not wait for one another
  bool recover = false;        ///< after a lost device the next sequence loads the program again
};

/// programqpc.bin, mapped. Opens no driver: sessions do. Any thread.
class CardProgram : public sdk::Program {
 public:
  /// Throws what read_qpc and CompiledShapes throw, with the file.
  CardProgram(const std::filesystem::path& file, RunSettings settings, sdk::Host host);
  ~CardProgram() override;

  /// Throws what Library::open and choose_devices throw, and what the driver says about loading.
  std::unique_ptr<sdk::Session> create_session(const sdk::SessionArgs& args) override;
  /// weights.bytes, kv.bytes_per_token, shapes.*, bits.shape_invariant, stand-in (docs/qaic.md).
  sdk::Value property(std::string_view key) const override;

  std::string_view bytes() const;
  const CompiledShapes& shapes() const { return *shapes_; }
  const RunSettings& settings() const { return settings_; }
  int64_t num_cores() const { return num_cores_; }
  const std::string& name() const { return name_; }
  const sdk::Host& host() const { return host_; }

 private:
  struct Mapping;
  /// Its states are not float32, so neither is what it computes; true for a program that does not say.
  bool rounds() const;

  std::unique_ptr<Mapping> mapping_;
  RunSettings settings_;
  sdk::Host host_;
  std::unique_ptr<CompiledShapes> shapes_;
  std::string name_;
  int64_t num_cores_ = 0, weight_bytes_ = 0;
  bool stand_in_ = false;
};

}  // namespace tessera::qaic
