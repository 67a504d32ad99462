#include "tessera/sdk/plugin.hpp"
#include "backend.hpp"

TESSERA_PLUGIN("cpu", TESSERA_VERSION, "Apache-2.0", "Tessera",
               tessera::sdk::backend<tessera::cpu::CpuBackend>())
