/// Runs in flight: an execution object each, with buffers that live until the card is done with them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "compiled_shapes.hpp"
#include "plugins/qaic/driver/handles.hpp"

namespace tessera::qaic {

/// The driver's last complaints, for the text of errors. Any thread.
class DriverLines {
 public:
  void add(const std::string& line);
  std::string take();  ///< all, joined; then it is empty

 private:
  std::mutex mutex_;
  std::deque<std::string> lines_;
};

/// One execution object. One thread at a time.
class Lane {
 public:
  /// `shapes` outlives it.
  Lane(const Context& context, const ActiveProgram& program, const CompiledShapes& shapes);
  Lane(const Lane&) = delete;
  /// Waits a moment for a run in flight; if it does not end, its buffers are never freed: the card may still
  /// write there.
  ~Lane();

  /// Memory of a binding that is no state, as large as its largest shape, page-aligned.
  uint8_t* buffer(size_t binding) { return buffers_[binding].get(); }
  /// Starts a run of one compiled shape; states are skipped.
  void start(QAicQueue* queue, size_t shape);
  /// Throws what the driver says: kDeadlineExceeded (the run goes on, the lane is lost), kDeviceLost, ...
  void wait(uint32_t timeout_ms);
  bool in_flight() const { return in_flight_; }

 private:
  struct Free {
    void operator()(uint8_t* memory) const;
  };
  using Buffer = std::unique_ptr<uint8_t, Free>;
  static void keep_for_ever(std::vector<Buffer> buffers);

  std::shared_ptr<const Library> library_;
  const CompiledShapes& shapes_;
  std::vector<Buffer> buffers_;
  std::vector<QBuffer> arguments_;
  std::vector<QBufferDimensions> dimensions_;
  std::vector<std::vector<uint32_t>> dims_;
  bool in_flight_ = false;
  Handle<QAicExecObj> object_;  // the last member: it goes before the memory it was told of
};

}  // namespace tessera::qaic
