#include "core/graph/weights_check.hpp"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::graph {
namespace {

constexpr uint64_t kNoSize = std::numeric_limits<uint64_t>::max();

/// Bytes of a tensor by its dtype and dims; kNoSize when they make no size.
uint64_t tensor_bytes(const Tensor& tensor) {
  uint64_t bytes = element_size(tensor.dtype);
  if (bytes == 0) return kNoSize;
  for (const int64_t dim : tensor.dims) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes)) return kNoSize;
  }
  return bytes;
}

[[noreturn]] void refuse(const Tensor& tensor, ErrorCode code, std::string message, const char* remedy) {
  throw Error(code, std::move(message)).key(tensor.name).file(tensor.external->location).remedy(remedy);
}

void check_range(const Tensor& tensor, uint64_t file_bytes) {
  const ExternalData& data = *tensor.external;
  if (data.offset <= file_bytes && data.length <= file_bytes - data.offset) return;
  refuse(tensor, ErrorCode::kCorruptData,
         fmt::format("weight '{}' lies at bytes {} to {}, the file has {}", tensor.name, data.offset,
                     static_cast<__uint128_t>(data.offset) + data.length, file_bytes),
         "take the graph and the weights from the same revision");
}

void check_size(const Tensor& tensor) {
  const uint64_t needed = tensor_bytes(tensor);
  if (needed == tensor.external->length) return;
  refuse(tensor, ErrorCode::kInvalidArgument,
         needed == kNoSize ? fmt::format("weight '{}' has a dtype or dimensions without a size", tensor.name)
                           : fmt::format("weight '{}' needs {} bytes, its range has {}", tensor.name, needed,
                                         tensor.external->length),
         "write the length that dtype and dimensions need");
}

void refuse_inner_weights(const Model& model) {
  const auto refuse_tensor = [](const Tensor& tensor, const std::string& where) {
    if (!tensor.external) return;
    throw Error(ErrorCode::kNotSupported,
                fmt::format("tensor '{}' in {} has external data", tensor.name, where))
        .key(tensor.name)
        .remedy("only initializers of the main graph may lie outside of the model");
  };
  const auto visit = [&](const Node& node) {
    for (const Attribute& attribute : node.attributes) {
      for (const Tensor& tensor : attribute.tensors)
        refuse_tensor(tensor, "an attribute of '" + describe(node) + "'");
      for (const Graph& inner : attribute.graphs) {
        for (const Tensor& tensor : inner.initializers)
          refuse_tensor(tensor, "a subgraph of '" + describe(node) + "'");
      }
    }
  };
  for_each_node(model.graph, visit);
  for (const Function& function : model.functions) {
    Graph body;
    body.nodes = function.nodes;
    for_each_node(body, visit);
  }
}

}  // namespace

FileSizes file_sizes_in(const std::filesystem::path& base_dir) {
  return [base_dir](const std::string& location) -> uint64_t {
    const std::filesystem::path path = base_dir / location;
    std::error_code failure;
    const bool regular = std::filesystem::is_regular_file(path, failure);
    const uint64_t size = regular ? std::filesystem::file_size(path, failure) : 0;
    if (regular && !failure) return size;
    throw Error(ErrorCode::kNotFound, failure ? "cannot read the weight file: " + failure.message()
                                              : std::string("the weight file is missing or no regular file"))
        .file(path.string())
        .remedy("download the checkpoint again");
  };
}

void check_location(const std::string& location) {
  const auto refuse = [&](const char* why) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("location '{}' of external data {}", location, why))
        .file(location)
        .remedy("locations are relative to the model's folder and stay inside it");
  };
  if (location.empty()) refuse("is empty");
  for (const char c : location) {
    if (static_cast<unsigned char>(c) < 0x20) refuse("has a control character");
  }
  if (location[0] == '/') refuse("is absolute");
  for (std::string_view rest = location;;) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == ".") refuse("has an empty part");
    if (part == "..") refuse("leaves the model's folder");
    if (slash == std::string_view::npos) return;
    rest = rest.substr(slash + 1);
  }
}

void check_weights(const Model& model, const FileSizes& sizes) {
  refuse_inner_weights(model);
  std::unordered_map<std::string, uint64_t> known;
  for (const Tensor& tensor : model.graph.initializers) {
    if (!tensor.external) continue;
    const std::string& location = tensor.external->location;
    try {
      const auto [size, is_new] = known.emplace(location, 0);
      if (is_new) check_location(location);
      if (is_new && sizes) size->second = sizes(location);
      check_size(tensor);
      if (sizes) check_range(tensor, size->second);
    } catch (Error& error) {
      error.add_key(tensor.name);
      throw;
    }
  }
}

}  // namespace tessera::graph
