// The kernels compiled for the compiler's default target. Everything here but the table has internal linkage:
// see kernel_table.hpp.
#include "vector_portable.hpp"

// Written in the vocabulary of the vector header.
#include "table_inl.hpp"

namespace tessera::cpu {

extern const KernelTable kPortableKernels;
constexpr KernelTable kPortableKernels = table_of(Isa::kPortable);

}  // namespace tessera::cpu
