#include "session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "devices.hpp"
#include "plugins/qaic/qpc/elements.hpp"
#include "tensor_box.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr uint64_t kMostSlots = 1u << 20;

/// What fills a row, or the rest of one, that the caller did not give. Nullopt: an input that has no rows.
std::optional<int64_t> padding_of(std::string_view input) {
  if (input == "position_ids" || input == "batch_index") return -1;
  if (input == "input_ids" || input == "attention_mask" || input == "token_type_ids") return 0;
  return std::nullopt;
}

/// Only the length of these means something, and the shape has it.
bool is_length(std::string_view input) {
  return input == "comp_ctx_lengths" || input == "num_logits_to_keep";
}

sdk::LogLevel level_of(QLogLevel level) {
  switch (level) {
    case QL_ERROR:  // the failed call says it as an error
    case QL_WARN:
      return sdk::LogLevel::kWarn;
    case QL_INFO:
      return sdk::LogLevel::kInfo;
    case QL_DEBUG:
      break;
  }
  return sdk::LogLevel::kDebug;
}

ProgramRequest request_for(const CardProgram& program, const std::vector<QID>& devices) {
  return {program.name(), devices, static_cast<uint32_t>(program.settings().timeout_ms)};
}

bool is_ids(const sdk::TensorView& tensor) {
  return tensor.dtype() == graph::DataType::kInt64 && tensor.rank() >= 1;
}

}  // namespace

struct CardSession::Card {
  /// `lines` outlives it.
  Card(const CardProgram& program, std::shared_ptr<const Library> library, DriverLines& lines)
      : devices(choose_devices(*library, program.settings().devices, program.settings().num_devices,
                               program.num_cores())),
        context(std::move(library), devices,
                [&lines, host = program.host()](QLogLevel level, const std::string& text) {
                  if (level == QL_ERROR) lines.add(text);
                  host.log(level_of(level), "qaic", text);
                }),
        active(context, program.bytes(), request_for(program, devices)),
        queue(create_queue(context, devices.front())) {
    const int64_t count = program.shapes().has_state() ? 1 : program.settings().runs_in_flight;
    for (int64_t i = 0; i < std::max<int64_t>(count, 1); ++i)
      lanes.push_back(std::make_unique<Lane>(context, active, program.shapes()));
  }

  std::vector<QID> devices;
  Context context;
  ActiveProgram active;
  Handle<QAicQueue> queue;
  std::vector<std::unique_ptr<Lane>> lanes;
};

/// The tensors of a call by binding.
struct CardSession::Step {
  struct Output {
    size_t binding;
    sdk::TensorView tensor;
  };
  std::vector<std::optional<sdk::TensorView>> inputs;  ///< by binding
  std::vector<Output> outputs;
  int64_t rows = 0, columns = 0, logits = 1;
  const int64_t* positions = nullptr;  ///< [rows, columns]; null: the graph has none
  const int64_t* slots = nullptr;      ///< [rows]
  int64_t last_position = -1;
  /// The place of row r of a part in the shape: its slot where rows name none.
  bool row_is_slot = false;

  CompiledShapes::Wish wish() const { return {rows, columns, logits, last_position}; }
};

CardSession::CardSession(const CardProgram& program, const sdk::SessionArgs& args)
    : program_(program), library_(Library::open(program.settings().library)) {
  const CompiledShapes& shapes = program.shapes();
  if (shapes.has_state()) {
    if (args.slots < 1 || args.slots > std::min<uint64_t>(kMostSlots, static_cast<uint64_t>(shapes.slots())))
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the program is compiled for {} slots, {} are wanted", shapes.slots(), args.slots))
          .key("full-batch-size");
    if (args.ctx_len < 1 || args.ctx_len > static_cast<uint64_t>(shapes.ctx_len()))
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the program is compiled for {} positions of a slot, {} are wanted",
                              shapes.ctx_len(), args.ctx_len))
          .key("ctx-len")
          .remedy("compile for a longer context");
    reserved_.resize(args.slots);
    lost_.resize(args.slots);
  }
  if (library_->stand_in() != program.property("stand-in").as_bool())
    throw Error(ErrorCode::kNotSupported,
                library_->stand_in() ? "the program was compiled for a card, the library is the stand-in"
                                     : "the program was compiled by the stand-in: no card runs it")
        .file(library_->path())
        .remedy("take compiler and library of one SDK: option sdk");
  if (library_->stand_in())
    program.host().log(sdk::LogLevel::kWarn, "qaic",
                       "this is the stand-in: no card computes, and no time means anything");
  load();
}

CardSession::~CardSession() = default;

void CardSession::load() {
  try {
    card_ = std::make_unique<Card>(program_, library_, lines_);
  } catch (const Error& error) {
    throw with_lines(error);
  }
}

void CardSession::check_slot(uint32_t slot) const {
  if (slot < reserved_.size()) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("there is no slot {}, the session has {}", slot, reserved_.size()));
}

// Nothing to do on the card: rows are overwritten by position.
void CardSession::reset(uint32_t slot) {
  check_slot(slot);
  reserved_[slot] = 0;
  lost_[slot] = false;
}

void CardSession::reserve(uint32_t slot, uint64_t tokens) {
  check_slot(slot);
  const auto room = static_cast<uint64_t>(program_.shapes().ctx_len());
  if (tokens > room)
    throw Error(ErrorCode::kOutOfMemory, fmt::format("a slot holds {} tokens, {} are wanted", room, tokens))
        .key("ctx-len");
  reserved_[slot] = std::max(reserved_[slot], tokens);
}

void CardSession::truncate(uint32_t slot, uint64_t tokens) {
  check_slot(slot);
  reserved_[slot] = std::min(reserved_[slot], tokens);
}

sdk::Value CardSession::property(std::string_view key) const {
  const CompiledShapes& shapes = program_.shapes();
  if (key == "kv.slot_tokens") return sdk::Value(shapes.ctx_len());
  if (key == "kv.bytes") return sdk::Value(static_cast<int64_t>(shapes.state_bytes()));
  if (key == "kv.free_tokens") {
    const uint64_t held = std::accumulate(reserved_.begin(), reserved_.end(), uint64_t{0});
    return sdk::Value(static_cast<int64_t>(reserved_.size()) * shapes.ctx_len() - static_cast<int64_t>(held));
  }
  if (key == "device") {
    return sdk::Value(fmt::format(
        "{} of {}", card_ ? fmt::format("device {}", fmt::join(card_->devices, ", ")) : "no device",
        library_->text()));
  }
  throw sdk::unknown_property(key);
}

CardSession::Step CardSession::read_step(const sdk::RunArgs& args) const {
  const CompiledShapes& shapes = program_.shapes();
  Step step;
  step.inputs.resize(shapes.bindings().size());
  for (uint64_t i = 0; i < args.input_count(); ++i) {
    const sdk::TensorView tensor = args.input(i);
    const std::string name(tensor.name());
    const auto refuse = [&](std::string message) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("input '{}' {}", name, message)).key(name);
    };
    if (!is_ids(tensor)) refuse("is no int64 tensor with rows");
    if (name == "input_ids") {
      if (tensor.rank() != 2) refuse("is not shaped [batch, seq]");
      step.rows = tensor.dim(0);
      step.columns = tensor.dim(1);
    }
    if (name == "position_ids") step.positions = tensor.as<const int64_t>();
    if (name == "batch_index") step.slots = tensor.as<const int64_t>();
    const IoBinding* binding = shapes.find(name);
    const bool known = binding != nullptr && !binding->output && !shapes.is_state(binding->index);
    if (known)
      step.inputs[binding->index] = tensor;
    else if (name == "batch_index" && shapes.has_state())
      step.row_is_slot = true;
    else
      refuse("is none of the program");
  }
  for (uint64_t i = 0; i < args.output_count(); ++i) {
    const sdk::TensorView tensor = args.output(i);
    const IoBinding* binding = shapes.find(std::string(tensor.name()));
    if (binding == nullptr || !binding->output || shapes.is_state(binding->index))
      throw Error(ErrorCode::kInvalidArgument, fmt::format("the program has no output '{}'", tensor.name()))
          .key(tensor.name());
    if (shapes.has_state() && tensor.name() == "logits" && tensor.rank() == 3 &&
        tensor.rank() == binding->dims.size())
      step.logits = tensor.dim(1);
    step.outputs.push_back({binding->index, tensor});
  }
  return step;
}

void CardSession::check_rows(const Step& step) const {
  const CompiledShapes& shapes = program_.shapes();
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const IoBinding& binding = shapes.bindings()[i];
    if (binding.output || shapes.is_state(i) || is_length(binding.name)) continue;
    const auto refuse = [&](std::string message) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("input '{}' {}", binding.name, message))
          .key(binding.name);
    };
    if (!padding_of(binding.name)) refuse("is none that this backend knows");
    if (!step.inputs[i]) refuse("is not given");
    const sdk::TensorView& tensor = *step.inputs[i];
    const int64_t columns = binding.name == "batch_index" ? 1 : step.columns;
    if (tensor.rank() != 2 || tensor.dim(0) != step.rows || tensor.dim(1) != columns)
      refuse(fmt::format("is not shaped [{}, {}] as this call's input_ids want", step.rows, columns));
  }
  if (step.rows < 1 || step.columns < 1)
    throw Error(ErrorCode::kInvalidArgument, "the call has no rows").key("input_ids");
}

void CardSession::require_card(const Step& step) {
  const auto lost = [](std::string_view what) {
    return Error(ErrorCode::kDeviceLost, fmt::format("the device was lost, and with it {}", what))
        .remedy("load the model again, or set the option recover");
  };
  if (step.slots != nullptr && !reserved_.empty()) {
    for (int64_t r = 0; r < step.rows; ++r) {
      const int64_t slot = step.slots[r];
      if (slot == -1) continue;
      if (slot < 0 || slot >= static_cast<int64_t>(reserved_.size()))
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("row {}: batch_index {} is not in [0, {})", r, slot, reserved_.size()))
            .key("batch_index");
      if (lost_[static_cast<size_t>(slot)]) throw lost(fmt::format("the tokens of slot {}", slot));
    }
  }
  if (card_) return;
  if (!program_.settings().recover) throw lost("the program");
  program_.host().log(sdk::LogLevel::kWarn, "qaic", "the device was lost; loading the program again");
  load();
}

void CardSession::run(const sdk::RunArgs& args) {
  Step step = read_step(args);
  check_rows(step);
  for (int64_t i = 0; step.positions != nullptr && i < step.rows * step.columns; ++i) {
    const int64_t position = step.positions[i];
    step.last_position = std::max(step.last_position, position);
    if (position >= -1 && (!program_.shapes().has_state() || position < program_.shapes().ctx_len()))
      continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("position {} is outside of the {} positions that the program is compiled for",
                            position, program_.shapes().ctx_len()))
        .key("position_ids");
  }
  require_card(step);
  try {
    run_parts(step);
  } catch (const Error& error) {
    fail(error);
  }
}

/// Rows in parts of a compiled batch; as many in flight as there are lanes.
void CardSession::run_parts(const Step& step) {
  const ShapeSizes& shape = program_.shapes().choose(step.wish());
  const auto lanes = static_cast<int64_t>(card_->lanes.size());
  // Rows that stand where their slot is fit a shape whatever their number.
  const int64_t each = step.row_is_slot ? step.rows : shape.rows;
  const int64_t parts = (step.rows + each - 1) / each;
  for (int64_t part = 0; part < parts + lanes; ++part) {
    Lane& lane = *card_->lanes[static_cast<size_t>(part % lanes)];
    if (part >= lanes && part - lanes < parts) finish(lane, step, (part - lanes) * each, shape);
    if (part < parts) start(lane, step, part * each, shape);
  }
}

void CardSession::start(Lane& lane, const Step& step, int64_t first, const ShapeSizes& shape) {
  const CompiledShapes& shapes = program_.shapes();
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const IoBinding& binding = shapes.bindings()[i];
    if (binding.output || shapes.is_state(i)) continue;
    const std::vector<int64_t>& dims = shapes.dims(shape.index, i);
    std::vector<int64_t> values(static_cast<size_t>(element_count(dims)),
                                padding_of(binding.name).value_or(0));
    if (step.inputs[i]) {
      const sdk::TensorView& tensor = *step.inputs[i];
      const int64_t rows = step.row_is_slot ? step.rows : std::min(shape.rows, step.rows - first);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t place = step.row_is_slot ? step.slots[first + r] : r;
        if (place < 0) continue;
        if (place >= dims[0] || tensor.dim(1) > dims[1])
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("slot {} is beyond the shape's {} rows", place, dims[0]))
              .key("batch_index");
        const int64_t* from = tensor.as<const int64_t>() + (first + r) * tensor.dim(1);
        std::copy(from, from + tensor.dim(1), values.begin() + place * dims[1]);
      }
    }
    convert_elements(graph::DataType::kInt64, values.data(), dtype_of(binding.type).value(), lane.buffer(i),
                     values.size());
  }
  lane.start(card_->queue.get(), shape.index);
}

void CardSession::finish(Lane& lane, const Step& step, int64_t first, const ShapeSizes& shape) {
  lane.wait(static_cast<uint32_t>(program_.settings().timeout_ms));
  const int64_t rows = step.row_is_slot ? step.rows : std::min(shape.rows, step.rows - first);
  for (const Step::Output& output : step.outputs) {
    const IoBinding& binding = program_.shapes().bindings()[output.binding];
    const std::vector<int64_t>& dims = program_.shapes().dims(shape.index, output.binding);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t place = step.row_is_slot ? step.slots[first + r] : r;
      if (place >= 0)
        copy_row({binding.name, dtype_of(binding.type).value(), dims, lane.buffer(output.binding)}, place,
                 output.tensor, first + r);
    }
  }
}

/// The error with what the driver said about it.
Error CardSession::with_lines(const Error& error) {
  const std::string lines = lines_.take();
  Error told(error.code(), error.message() + (lines.empty() ? "" : "; the driver said: " + lines));
  for (const std::string& context : error.context()) told.add_context(context);
  return std::move(told).key(error.key_name()).file(error.file_name()).remedy(error.remedy_text());
}

/// Lets go of a device that is lost.
void CardSession::fail(const Error& error) {
  Error told = with_lines(error);
  told.add_context(
      fmt::format("running '{}' on device {}", program_.name(), fmt::join(card_->devices, ", ")));
  const bool lost = error.code() == ErrorCode::kDeviceLost || error.code() == ErrorCode::kDeadlineExceeded;
  const bool stuck = std::any_of(card_->lanes.begin(), card_->lanes.end(),
                                 [](const std::unique_ptr<Lane>& lane) { return lane->in_flight(); });
  if (lost || stuck) {
    card_.reset();
    std::fill(lost_.begin(), lost_.end(), true);
  }
  throw told;
}

}  // namespace tessera::qaic
