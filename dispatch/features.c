/* Which ISAs this CPU and this operating system allow. A kernel whose ISA is not allowed here never
 * runs, whatever a table or the environment says. */
#include "dispatch/registry.h"

#include <stdatomic.h>

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

/* The folder is compiled with F16C too, which every CPU with AVX2 has had so far. */
static bool allows_avx2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return false;
    const unsigned needed = bit_OSXSAVE | bit_AVX | bit_F16C;
    if ((c & needed) != needed || !os_saves_avx())
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) != 0;
}
#else
static bool allows_avx2(void) {
    return false;
}
#endif

/* Asked once: a virtual machine makes an exit of some microseconds of each CPUID. */
static bool allows_avx2_once(void) {
    enum { UNKNOWN, NO, YES };
    static atomic_int known = UNKNOWN;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == UNKNOWN) {
        answer = allows_avx2() ? YES : NO;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == YES;
}

bool gcs_cpu_allows(gcs_isa isa) {
    switch (isa) {
    case GCS_ISA_PORTABLE:
        return true;
    case GCS_ISA_AVX2:
        return allows_avx2_once();
    case GCS_ISA_COUNT:
        break;
    }
    return false;
}
