/// A program's graph, computed by the cpu plugin.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/backend.hpp"
#include "core/plugin/registry.hpp"
#include "plugins/qaic/qpc/io_desc.hpp"
#include "plugins/qaic/qpc/qpc.hpp"

namespace tessera::qaic::standin {

/// A registry that holds the cpu plugin alone, apart from that of the program which opened this library;
/// shared while somebody has it. Throws kNotFound when there is no cpu plugin beside the running program nor
/// in TESSERA_PLUGIN_PATH.
std::shared_ptr<PluginRegistry> cpu_registry();

/// The facts that the stand-in's compiler wrote into the graph.
struct GraphFacts {
  bool fp16 = false;  ///< -convert-to-fp16
  int devices = 1;
  std::set<std::string> mxint8;  ///< state inputs kept in MXINT8
};

/// Throws kNotSupported for a program of the vendor's compiler, kCorruptData.
GraphFacts read_graph_facts(const Qpc& qpc);

/// The compiled graph. Immutable; any thread.
class Network {
 public:
  /// Compiles. `qpc` views bytes that outlive this.
  Network(std::shared_ptr<PluginRegistry> registry, const Qpc& qpc);

  const plugin::Program& program() const { return *program_; }
  /// The graph's own type of an input or output.
  graph::DataType dtype(const std::string& name) const { return dtypes_.at(name); }
  const GraphFacts& facts() const { return facts_; }

 private:
  std::shared_ptr<PluginRegistry> registry_;
  GraphFacts facts_;
  std::map<std::string, graph::DataType> dtypes_;
  std::unique_ptr<plugin::Program> program_;
};

/// A buffer of a run, in the order of the bindings. Null data: skipped.
struct BoundBuffer {
  uint8_t* data = nullptr;
  uint64_t size = 0;
};

/// How results suffer on their way out, beside the rounding of the program.
struct Disturbance {
  int noise_ppm = 0;   ///< floats are off by so much at most, depending on value, place and shape
  uint64_t shape = 0;  ///< which compiled shape ran
};

/// An activated program: its retained state. Runs take turns, as on a card's cores. Any thread.
class Activation {
 public:
  /// State begins as numbers that disturb whoever reads what nobody wrote.
  Activation(std::shared_ptr<const Network> network, const IoDesc& io);

  /// One run with the shapes of one specialization. State is rounded to the form in which it is kept when the
  /// run ends: the run that writes a key reads it as it was. Reads and writes the caller's buffers; state
  /// inputs that are given replace the state, state outputs that are given get it, too. Throws Error, then
  /// the state is as before.
  void run(const std::vector<BoundBuffer>& buffers, const IoShapes& shapes, const Disturbance& disturbance);

 private:
  struct Value;
  void check_state(const std::string& name, uint64_t bytes) const;
  static void round_rows_to_mxint8(float* floats, const Value& value);
  Value take_input(size_t index, const BoundBuffer& buffer, const TensorShape& shape) const;
  void give_output(size_t index, const BoundBuffer& buffer, Value& value, const Disturbance& disturbance);

  std::shared_ptr<const Network> network_;
  std::vector<IoBinding> bindings_;
  std::mutex mutex_;
  plugin::Session session_;
  std::map<std::string, std::vector<uint8_t>> states_;  // by input, in the binding's type
};

/// Bytes of card memory that retained state takes.
uint64_t state_bytes(const IoDesc& io);

}  // namespace tessera::qaic::standin
