#include "standard.hpp"

namespace tessera::exec {

KernelRegistry KernelRegistry::standard() {
  KernelRegistry registry;
  register_constant(registry);
  register_identity(registry);
  return registry;
}

}  // namespace tessera::exec
