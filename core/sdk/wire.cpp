#include "tessera/sdk/bodies/wire.hpp"
