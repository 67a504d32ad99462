/// TESSERA_VECTOR_CLONES in front of a function: compiled for several instruction sets, the best one is
/// called.
#pragma once

// Sanitizers are not ready yet when the loader chooses among clones.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TESSERA_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TESSERA_VECTOR_CLONES
#endif
