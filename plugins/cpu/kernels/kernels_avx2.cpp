// The kernels compiled for AVX2, FMA, F16C. Everything here but the table has internal linkage: see
// kernel_table.hpp.
#include "vector_avx2.hpp"

// Written in the vocabulary of the vector header.
#include "table_inl.hpp"

namespace tessera::cpu {

extern const KernelTable kAvx2Kernels;
constexpr KernelTable kAvx2Kernels = table_of(Isa::kAvx2);

}  // namespace tessera::cpu
