/// An activated program: retained state on the card, and its runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lanes.hpp"
#include "program.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// One call at a time. A run gives rows [rows, columns] of any size that a compiled shape holds; what is left
/// of the shape is padding: position -1, slot -1, ids and masks 0. Rows beyond the largest batch are further
/// runs, in flight together where the program has no state.
///
/// After a lost device every slot is lost, and a run that needs one throws kDeviceLost until it was reset;
/// with `recover` the first run that needs none loads the program again, else there is no such run.
class CardSession : public sdk::Session, private sdk::Slots {
 public:
  /// `program` outlives it.
  CardSession(const CardProgram& program, const sdk::SessionArgs& args);
  ~CardSession() override;

  void run(const sdk::RunArgs& args) override;
  /// kv.free_tokens, kv.slot_tokens, kv.bytes (abi.h), device: "device 0", or what stands in for it.
  sdk::Value property(std::string_view key) const override;
  sdk::Slots* slots() override { return program_.shapes().has_state() ? this : nullptr; }

 private:
  struct Card;  ///< what the driver holds for us
  struct Step;  ///< one call, read

  void reset(uint32_t slot) override;
  void reserve(uint32_t slot, uint64_t tokens) override;
  void truncate(uint32_t slot, uint64_t tokens) override;
  void check_slot(uint32_t slot) const;

  Step read_step(const sdk::RunArgs& args) const;
  void check_rows(const Step& step) const;
  void require_card(const Step& step);
  void run_parts(const Step& step);
  void start(Lane& lane, const Step& step, int64_t first, const ShapeSizes& shape);
  void finish(Lane& lane, const Step& step, int64_t first, const ShapeSizes& shape);
  void load();
  Error with_lines(const Error& error);
  [[noreturn]] void fail(const Error& error);

  const CardProgram& program_;
  std::shared_ptr<const Library> library_;
  DriverLines lines_;
  std::unique_ptr<Card> card_;  ///< null: lost
  std::vector<uint64_t> reserved_;
  std::vector<bool> lost_;  ///< slots whose state went with a device
};

}  // namespace tessera::qaic
