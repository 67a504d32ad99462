/// The families of standard operators; each function registers one file's kernels.
#pragma once

#include "../kernel.hpp"

namespace tessera::exec {

void register_activation(KernelRegistry& registry);
void register_cast(KernelRegistry& registry);
void register_concat_split(KernelRegistry& registry);
void register_constant(KernelRegistry& registry);
void register_control_flow(KernelRegistry& registry);
void register_convolution(KernelRegistry& registry);
void register_detection(KernelRegistry& registry);
void register_einsum(KernelRegistry& registry);
void register_elementwise_binary(KernelRegistry& registry);
void register_elementwise_unary(KernelRegistry& registry);
void register_elementwise_variadic(KernelRegistry& registry);
void register_expand(KernelRegistry& registry);
void register_gather(KernelRegistry& registry);
void register_identity(KernelRegistry& registry);
void register_legacy_broadcast(KernelRegistry& registry);
void register_loss(KernelRegistry& registry);
void register_matmul(KernelRegistry& registry);
void register_normalization(KernelRegistry& registry);
void register_order(KernelRegistry& registry);
void register_pooling(KernelRegistry& registry);
void register_quantize(KernelRegistry& registry);
void register_random(KernelRegistry& registry);
void register_recurrent(KernelRegistry& registry);
void register_reduce(KernelRegistry& registry);
void register_resize(KernelRegistry& registry);
void register_scatter(KernelRegistry& registry);
void register_sequence(KernelRegistry& registry);
void register_shape(KernelRegistry& registry);
void register_signal(KernelRegistry& registry);
void register_slice_pad(KernelRegistry& registry);
void register_softmax(KernelRegistry& registry);
void register_text(KernelRegistry& registry);
void register_transpose(KernelRegistry& registry);

}  // namespace tessera::exec
