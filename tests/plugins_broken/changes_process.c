/* Changes what belongs to the process while it is loaded: a signal's handler, the floating-point mode, the
 * locale. */
#include <locale.h>
#include <signal.h>
#include <xmmintrin.h>

#include "valid.h"

__attribute__((constructor)) static void change(void) {
  signal(SIGPIPE, SIG_IGN);
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero: what -ffast-math links in */
  setlocale(LC_NUMERIC, "C.UTF-8");
}

BROKEN_PLUGIN((void)0)
