/* Which ISAs this CPU and this operating system allow. A kernel whose ISA is not allowed here never
 * runs, whatever a table or the environment says. */
#include "dispatch/registry.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0 bits 1 and 2: the operating system saves the SSE and AVX registers. Asked by XGETBV, which
 * CPUID.1:ECX.OSXSAVE permits (Intel SDM volume 1, section 14.3). */
static bool os_saves_avx(void) {
    const uint32_t sse_and_avx = 0x6;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return (low & sse_and_avx) == sse_and_avx;
}

static bool allows_avx2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return false;
    const unsigned needed = bit_OSXSAVE | bit_AVX;
    if ((c & needed) != needed || !os_saves_avx())
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) != 0;
}
#else
static bool allows_avx2(void) {
    return false;
}
#endif

bool gcs_cpu_allows(gcs_isa isa) {
    switch (isa) {
    case GCS_ISA_PORTABLE:
        return true;
    case GCS_ISA_AVX2:
        return allows_avx2();
    case GCS_ISA_COUNT:
        break;
    }
    return false;
}
