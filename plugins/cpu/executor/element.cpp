#include "element.hpp"

#include <fmt/format.h>

namespace tessera::exec {
void throw_unsupported_dtype(DataType dtype) {
  throw Error(ErrorCode::kNotSupported,
              fmt::format("element type {} is not supported here", dtype_name(dtype)));
}

}  // namespace tessera::exec
