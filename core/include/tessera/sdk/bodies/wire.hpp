/// read_model and write_model (wire.hpp).
#pragma once

#include <string>
#include <string_view>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/separate.hpp"
#include "tessera/sdk/wire.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/message_writer.hpp"
#include "tessera/sdk/wire/read_model.hpp"
#include "tessera/sdk/wire/write_model.hpp"

namespace tessera::graph {

TESSERA_SDK_BODY Model read_model(std::string_view bytes) {
  Model model;
  wire::read(wire::MessageReader(bytes), model);
  return model;
}

TESSERA_SDK_BODY std::string write_model(const Model& model) {
  std::string bytes;
  wire::MessageWriter writer(bytes);
  wire::write(writer, model);
  if (bytes.size() > kMaxModelBytes) {
    throw Error(ErrorCode::kNotSupported,
                "the onnx model has " + std::to_string(bytes.size()) + " bytes, protobuf's limit is 2 GiB")
        .remedy("keep large tensors as external data");
  }
  return bytes;
}

}  // namespace tessera::graph
