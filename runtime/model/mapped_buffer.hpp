/// What a plugin gets when it maps a range of a weight file.
#pragma once

#include <functional>

#include "core/checkpoint/mapped_file.hpp"
#include "tessera/abi.h"

namespace tessera {

/// Runs `map` and gives its view to the plugin, which releases it. What `map` throws becomes the status: the
/// body of tsr_weights::map for every directory of the host. Any thread.
tsr_status* give_mapped(const std::function<MappedView()>& map, tsr_buffer* out);

}  // namespace tessera
