/* Whether this program's instructions are emulated, so that a time says nothing of a processor. */
#include "dispatch/machine_internal.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define OWN_MACHINE 62 /* EM_X86_64 */

/* The hypervisor's leaf: QEMU's own translator signs so, also where it runs a single program. */
static bool processor_is_software(void) {
    unsigned a, b, c, d;
    char signature[13] = "";
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c >> 31 & 1) == 0)
        return false;
    __cpuid(0x40000000, a, b, c, d);
    memcpy(signature, &b, 4);
    memcpy(signature + 4, &c, 4);
    memcpy(signature + 8, &d, 4);
    return strcmp(signature, "TCGTCGTCGTCG") == 0;
}
#elif defined(__aarch64__)
#define OWN_MACHINE 183 /* EM_AARCH64 */

/* Implementer 0 is "reserved for software use" (Arm ARM, MIDR_EL1); QEMU's own processor has it,
 * with a part number. All 0 is what virtual machines on Apple's processors show, which run at full
 * speed. */
static bool processor_is_software(void) {
    uint64_t midr;
    return gcs_machine_own_midr(&midr) && midr != 0 && midr >> 24 == 0;
}
#else
#define OWN_MACHINE 0 /* not known */

static bool processor_is_software(void) {
    return false;
}
#endif

/* The machine that an ELF file is for (System V ABI: e_machine, little-endian); 0: not such a
 * file. */
static unsigned machine_of_elf(const char *path) {
    unsigned char header[20];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    const size_t read = fread(header, 1, sizeof header, file);
    fclose(file);
    return read == sizeof header && memcmp(header, "\177ELF", 4) == 0
               ? header[18] | (unsigned)header[19] << 8
               : 0;
}

bool gcs_machine_is_emulated_by(const char *executable) {
    const unsigned machine = machine_of_elf(executable);
    return OWN_MACHINE != 0 && machine != 0 && machine != OWN_MACHINE;
}

/* What the kernel runs is the emulator, which is of another architecture. An emulator passes itself
 * off as the program in /proc/self, but not in this second name of it. */
bool gcs_machine_is_emulated(void) {
    return gcs_machine_is_emulated_by("/proc/thread-self/exe") || processor_is_software();
}
