/// The Error that a call must throw.
#pragma once

#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera {

template <class Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::kInternal, "");
}

}  // namespace tessera
