#include "tessera/sdk/bodies/inline.hpp"
