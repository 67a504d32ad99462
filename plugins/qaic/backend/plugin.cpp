#include "tessera/sdk/plugin.hpp"

#include "plugins/qaic/backend/backend.hpp"

TESSERA_PLUGIN("qaic", TESSERA_VERSION, "Apache-2.0", "Tessera",
               tessera::sdk::backend<tessera::qaic::QaicBackend>())
