#include "tessera/sdk/bodies/functions.hpp"
