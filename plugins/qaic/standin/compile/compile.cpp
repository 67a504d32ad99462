#include "compile.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "constants.hpp"
#include "core/checkpoint/atomic_file.hpp"
#include "core/checkpoint/mapped_file.hpp"
#include "graph_io.hpp"
#include "half_results.hpp"
#include "inputs.hpp"
#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic::standin {
namespace {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) {
  const auto file = MappedFile::open(path);
  return {reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
}

graph::Model read_graph(const std::string& path) {
  const auto file = MappedFile::open(path);
  try {
    return graph::read_model({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  } catch (Error& error) {
    error.add_file(path);
    throw;
  }
}

IoChoices choices_of(const CommandLine& line) {
  IoChoices choices;
  choices.retained_state = line.retained_state;
  if (!line.specializations.empty())
    choices.specializations = read_specializations(read_text(line.specializations), line.specializations);
  if (!line.custom_io.empty()) choices.precisions = read_custom_io(read_text(line.custom_io), line.custom_io);
  return choices;
}

/// The states that the custom I/O list wants in MXINT8, a name a line.
std::string mxint8_states(const graph::Model& model, const IoChoices& choices) {
  std::string names;
  for (const graph::ValueInfo& output : model.graph.outputs) {
    const std::string state = choices.retained_state ? state_input_of(output.name) : "";
    const auto precision = choices.precisions.find(state);
    if (precision != choices.precisions.end() && precision->second == "mxint8") names += state + "\n";
  }
  return names;
}

int devices_of(const CommandLine& line) {
  return line.mdp.empty() ? 1 : read_partition_devices(read_text(line.mdp), line.mdp, line.num_cores);
}

void write_file(const std::vector<SegmentSource>& segments, const fs::path& folder) {
  std::error_code failed;
  if (!fs::create_directories(folder, failed) && !failed)
    throw Error(ErrorCode::kInvalidArgument, "the output folder exists already").file(folder.string());
  if (failed)
    throw Error(ErrorCode::kIo, "cannot make the output folder: " + failed.message()).file(folder.string());
  try {
    AtomicFile file(folder / "programqpc.bin");
    write_container(segments, [&](std::string_view bytes) {
      file.write({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
    });
    file.commit();
  } catch (...) {
    fs::remove_all(folder, failed);
    throw;
  }
}

}  // namespace

void compile(const CommandLine& line, const Say& say) {
  say(fmt::format("stand-in: reading {}", line.model));
  graph::Model model = read_graph(line.model);
  const IoChoices choices = choices_of(line);
  NetworkDesc network = bindings_of(model, choices);
  network.num_cores = line.num_cores;
  const int devices = devices_of(line);
  for (const std::string& flag : line.without_effect)
    say(fmt::format("stand-in: {} has no effect here", flag));

  say(fmt::format("stand-in: {} specializations, {} cores of {} devices", network.allowed_shapes.size(),
                  line.num_cores, devices));
  ConstantRounding rounding{line.fp16};
  if (line.fp16) round_results_to_half(model);
  if (line.mxfp6_matmul) rounding.mxfp6 = separate_matmul_weights(model.graph);
  SegmentSource constants = move_constants(model, fs::path(line.model).parent_path(), rounding);
  model.metadata_props.emplace_back(kPrecisionKey, line.fp16 ? "fp16" : "fp32");
  model.metadata_props.emplace_back(kDevicesKey, std::to_string(devices));
  model.metadata_props.emplace_back(kMxint8Key, mxint8_states(model, choices));

  const std::string constants_desc = write_constants_desc(constants.size, 0);
  say(fmt::format("stand-in: writing {} bytes of weights", constants.size));
  write_file({segment_of(std::string(kNetworkElf), "stand-in: there is no program of a card in here"),
              segment_of(std::string(kNetworkDesc), write_network_desc(network)),
              segment_of(std::string(kConstantsDesc), constants_desc), std::move(constants),
              segment_of(std::string(kStandInGraph), graph::write_model(model))},
             line.binary_dir);
  say("stand-in: compiled; the program runs on no card");
}

}  // namespace tessera::qaic::standin
