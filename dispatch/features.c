/* Which ISAs this CPU and this operating system allow. A kernel whose ISA is not allowed here never
 * runs, whatever a table or the environment says. */
#include "dispatch/registry.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0: which registers the operating system saves. Asked by XGETBV, which CPUID.1:ECX.OSXSAVE
 * permits (Intel SDM volume 1, sections 14.3 and 15.2). */
#define XCR0_AVX    0x06U /* bits 1 and 2: SSE and AVX registers */
#define XCR0_AVX512 0xe6U /* also bits 5 to 7: masks, upper halves, registers 16 to 31 */

static bool os_saves(uint32_t registers) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return (low & registers) == registers;
}

/* EBX of leaf 7. */
static bool has_leaf7(unsigned bit) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit) != 0;
}

/* The folder is compiled with F16C too, which every CPU with AVX2 has had so far. */
static bool allows_avx2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return false;
    const unsigned needed = bit_OSXSAVE | bit_AVX | bit_F16C;
    return (c & needed) == needed && os_saves(XCR0_AVX) && has_leaf7(bit_AVX2);
}

/* To compile for AVX512F is to let the compiler use AVX2 and FMA as well. */
static bool allows_avx512(void) {
    unsigned a, b, c, d;
    return allows_avx2() && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_FMA) != 0 &&
           os_saves(XCR0_AVX512) && has_leaf7(bit_AVX512F);
}

static bool allows(gcs_isa isa) {
    switch (isa) {
    case GCS_ISA_AVX2:
        return allows_avx2();
    case GCS_ISA_AVX512:
        return allows_avx512();
    default:
        return false;
    }
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

/* From the kernel's table of HWCAPs (uapi/asm/hwcap.h of arm64): the bit is set where the processor
 * has Advanced SIMD (ID_AA64PFR0_EL1.AdvSIMD) and the system lets programs use it. */
#define HWCAP_BIT_ASIMD (1UL << 1)

static bool allows(gcs_isa isa) {
    return isa == GCS_ISA_NEON && (getauxval(AT_HWCAP) & HWCAP_BIT_ASIMD) != 0;
}
#elif defined(__aarch64__)
/* The base profile of the architecture has it. */
static bool allows(gcs_isa isa) {
    return isa == GCS_ISA_NEON;
}
#else
static bool allows(gcs_isa isa) {
    (void)isa;
    return false;
}
#endif

/* Asked once: a virtual machine makes an exit of some microseconds of each CPUID. */
static bool allows_once(gcs_isa isa) {
    enum { UNKNOWN, NO, YES };
    static atomic_int known[GCS_ISA_COUNT];
    int answer = atomic_load_explicit(&known[isa], memory_order_relaxed);
    if (answer == UNKNOWN) {
        answer = allows(isa) ? YES : NO;
        atomic_store_explicit(&known[isa], answer, memory_order_relaxed);
    }
    return answer == YES;
}

bool gcs_cpu_allows(gcs_isa isa) {
    switch (isa) {
    case GCS_ISA_PORTABLE:
        return true;
    case GCS_ISA_AVX2:
    case GCS_ISA_AVX512:
    case GCS_ISA_NEON:
        return allows_once(isa);
    case GCS_ISA_COUNT:
        break;
    }
    return false;
}
