/// The files that go with a model: specializations, custom I/O, partition.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::qaic::standin {

/// Symbol of the graph to its value.
using Specialization = std::map<std::string, int64_t>;

/// Reads specializations.json, flat ({"batch_size": "1", ...}) or named ({"name": ..., "symbols": {...}});
/// values are texts or numbers. Throws kInvalidArgument or kCorruptData naming file and entry; two equal
/// entries too.
std::vector<Specialization> read_specializations(std::string_view text, std::string_view file);

/// Reads custom_io.yaml: name of an input or output to its precision (float16, float32, mxint8).
std::map<std::string, std::string> read_custom_io(std::string_view text, std::string_view file);

/// Devices of a tensor-sliced partition, 1 and more; several partitions are refused. `num_cores` is what each
/// device must have.
int read_partition_devices(std::string_view text, std::string_view file, int num_cores);

}  // namespace tessera::qaic::standin
