// The kernels compiled for AVX-512 F, BW, DQ, VL. Everything here but the table has internal linkage: see
// kernel_table.hpp.
#include "vector_avx512.hpp"

// Written in the vocabulary of the vector header.
#include "table_inl.hpp"

namespace tessera::cpu {

extern const KernelTable kAvx512Kernels;
constexpr KernelTable kAvx512Kernels = table_of(Isa::kAvx512);

}  // namespace tessera::cpu
