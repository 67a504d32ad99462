/// All kernels of a tier, and their table. Include after a vector_*.hpp.
#pragma once

#include "attention_inl.hpp"
#include "elementwise_inl.hpp"
#include "kernel_table.hpp"
#include "linear_inl.hpp"
#include "probe_inl.hpp"

namespace tessera::cpu {
namespace {

constexpr KernelTable table_of(Isa isa) {
  KernelTable table{};
  table.isa = isa;
  table.pack_rows = &pack_rows;
  table.linear = &linear;
  table.rms_norm = &rms_norm;
  table.layer_norm = &layer_norm;
  table.rotary = &rotary;
  table.silu = &silu_row;
  table.gelu_tanh = &gelu_tanh_row;
  table.gelu_erf = &gelu_erf_row;
  table.exp = &exp_row;
  table.add = &add_row;
  table.mul = &mul_row;
  table.silu_mul = &silu_mul;
  table.attend = &attend;
  table.read_stream = &read_stream;
  table.fma_chains = &fma_chains;
  table.fma_flops_per_iteration = kFlopsPerIteration;
  table.tile_rows = kTileRows;
  table.stream_rows = kStreamRows;
  return table;
}

}  // namespace
}  // namespace tessera::cpu
