#include "standard.hpp"

namespace tessera::exec {

KernelRegistry KernelRegistry::standard() {
  KernelRegistry registry;
  register_activation(registry);
  register_cast(registry);
  register_concat_split(registry);
  register_constant(registry);
  register_control_flow(registry);
  register_convolution(registry);
  register_detection(registry);
  register_einsum(registry);
  register_elementwise_binary(registry);
  register_elementwise_unary(registry);
  register_elementwise_variadic(registry);
  register_expand(registry);
  register_gather(registry);
  register_identity(registry);
  register_legacy_broadcast(registry);
  register_loss(registry);
  register_matmul(registry);
  register_normalization(registry);
  register_order(registry);
  register_pooling(registry);
  register_quantize(registry);
  register_random(registry);
  register_recurrent(registry);
  register_reduce(registry);
  register_resize(registry);
  register_scatter(registry);
  register_sequence(registry);
  register_shape(registry);
  register_signal(registry);
  register_slice_pad(registry);
  register_softmax(registry);
  register_text(registry);
  register_transpose(registry);
  return registry;
}

}  // namespace tessera::exec
