/* Reads the machine's identity: processor from CPUID or MIDR, caches and processors from sysfs. */
#include "dispatch/machine.h"

#include "dispatch/file.h"
#include "dispatch/machine_internal.h"
#include "dispatch/registry.h"
#include "dispatch/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

/* ---- Processor --------------------------------------------------------------------------- */

#if defined(__x86_64__)
#include <cpuid.h>

static const char arch[] = "x86_64";

/* Returns the processor whose caches stand for all. Family and model as the Intel SDM (volume 2,
 * CPUID, figure 3-6) and the AMD APM (volume 3, appendix E) put them together from the base and
 * extended fields. */
static uint32_t read_processor(gcs_machine *machine) {
    unsigned a, b, c, d;
    if (!__get_cpuid(0, &a, &b, &c, &d))
        return 0;
    char vendor[13];
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    vendor[12] = '\0';
    for (char *at = vendor; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~')
            *at = '_';
    }
    if (vendor[0] != '\0')
        memcpy(machine->vendor, vendor, sizeof vendor);

    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    const unsigned base_family = a >> 8 & 0xf, base_model = a >> 4 & 0xf;
    machine->family = base_family == 0xf ? base_family + (a >> 20 & 0xff) : base_family;
    machine->model =
        base_family == 0x6 || base_family == 0xf ? (a >> 16 & 0xf) << 4 | base_model : base_model;
    return 0;
}
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

static const char arch[] = "aarch64";

/* HWCAP_CPUID of Linux' uapi/asm/hwcap.h: the kernel answers a program that reads MIDR_EL1. */
#define HWCAP_BIT_CPUID (1UL << 11)

bool gcs_machine_own_midr(uint64_t *midr) {
#if defined(__linux__)
    if ((getauxval(AT_HWCAP) & HWCAP_BIT_CPUID) != 0) {
        __asm__("mrs %0, midr_el1" : "=r"(*midr));
        return true;
    }
#endif
    (void)midr;
    return false;
}

/* The fastest kind of cores is the machine's name, and its caches are the machine's. An emulator
 * shows the files of a machine that is not the one it plays, and has no kinds. */
static uint32_t read_processor(gcs_machine *machine) {
    gcs_core_kinds kinds = {0};
    uint64_t midr;
    if (!machine->emulated)
        gcs_machine_core_kinds(&kinds, CPU_FOLDER, "/proc/cpuinfo");
    else if (gcs_machine_own_midr(&midr)) /* of any core: all that it plays are alike */
        gcs_machine_count_core(&kinds, 0, midr, 0);
    return gcs_machine_set_cores(machine, &kinds);
}
#else
static const char arch[] = "other";

static uint32_t read_processor(gcs_machine *machine) {
    (void)machine; /* stays "unknown" */
    return 0;
}
#endif

/* ---- Caches ------------------------------------------------------------------------------ */

/* "32K", "32768K", "4M": bytes. */
static bool parse_cache_size(char *text, uint64_t *bytes) {
    const size_t length = strlen(text);
    unsigned shift = 0;
    switch (length > 0 ? text[length - 1] : '\0') {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    if (shift > 0)
        text[length - 1] = '\0';
    if (!gcs_text_u64(text, UINT64_MAX >> shift, bytes))
        return false;
    *bytes <<= shift;
    return true;
}

static bool read_cache_file(const char *cpu_folder, uint32_t cpu, unsigned index, const char *file,
                            char *text, size_t size) {
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/cpu%" PRIu32 "/cache/index%u/%s", cpu_folder,
                                cpu, index, file);
    return length > 0 && (size_t)length < sizeof path && gcs_file_first_line(path, text, size);
}

void gcs_machine_read_caches(gcs_machine *machine, const char *cpu_folder, uint32_t cpu) {
    const unsigned most = 16; /* far above what any processor lists */
    char level[8], type[16], size[24];
    for (unsigned i = 0; i < most; i++) {
        uint64_t bytes;
        if (!read_cache_file(cpu_folder, cpu, i, "level", level, sizeof level) ||
            !read_cache_file(cpu_folder, cpu, i, "type", type, sizeof type) ||
            !read_cache_file(cpu_folder, cpu, i, "size", size, sizeof size) ||
            strcmp(type, "Instruction") == 0 || !parse_cache_size(size, &bytes))
            continue;
        if (strcmp(level, "1") == 0)
            machine->l1d = bytes;
        else if (strcmp(level, "2") == 0)
            machine->l2 = bytes;
        else if (strcmp(level, "3") == 0)
            machine->l3 = bytes;
    }
}

static uint64_t configured_size(int name) {
    const long size = sysconf(name);
    return size > 0 ? (uint64_t)size : 0;
}

/* What the C library knows; sysfs is asked afterwards and goes first where it answers. */
static void read_configured_caches(gcs_machine *machine) {
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE) &&                           \
    defined(_SC_LEVEL3_CACHE_SIZE)
    machine->l1d = configured_size(_SC_LEVEL1_DCACHE_SIZE);
    machine->l2 = configured_size(_SC_LEVEL2_CACHE_SIZE);
    machine->l3 = configured_size(_SC_LEVEL3_CACHE_SIZE);
#else
    (void)machine;
#endif
}

/* ---- All together ------------------------------------------------------------------------ */

static void read_isa(gcs_machine *machine) {
    size_t used = 0;
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        const size_t room = sizeof machine->isa - used;
        if (!gcs_cpu_allows(list->isa))
            continue;
        const int length = snprintf(machine->isa + used, room, "%s%s", used > 0 ? "+" : "",
                                    gcs_isa_name(list->isa));
        if (length < 0 || (size_t)length >= room) {
            machine->isa[used] = '\0';
            return;
        }
        used += (size_t)length;
    }
}

static gcs_machine this_machine;

static void read_this_machine(void) {
    gcs_machine *machine = &this_machine;
    memcpy(machine->arch, arch, sizeof arch);
    memcpy(machine->vendor, "unknown", sizeof "unknown");
    machine->emulated = gcs_machine_is_emulated();
    const uint32_t cpu = read_processor(machine);
    read_configured_caches(machine);
    gcs_machine_read_caches(machine, CPU_FOLDER, cpu);
    machine->cores = gcs_machine_online(CPU_FOLDER);
    if (machine->cores == 0)
        machine->cores = (uint32_t)configured_size(_SC_NPROCESSORS_ONLN);
    read_isa(machine);
}

/* Each plan asks; where there are many processors it takes milliseconds. */
void gcs_machine_read(gcs_machine *machine) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_this_machine);
    *machine = this_machine;
}
