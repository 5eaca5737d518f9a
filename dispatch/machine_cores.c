/* The kinds of cores of an Arm machine, and which of them is the fastest: a big.LITTLE machine has
 * several. What a core is, is in its MIDR_EL1 (Arm ARM, D19.2): implementer and part number. Linux
 * gives it for each processor in sysfs and, in words, in /proc/cpuinfo. */
#include "dispatch/machine_internal.h"

#include "dispatch/file.h"
#include "dispatch/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIDR_IMPLEMENTER(midr) ((uint32_t)((midr) >> 24 & 0xff))
#define MIDR_PART(midr)        ((uint32_t)((midr) >> 4 & 0xfff))

/* ---- Lists of processors: "0-3,8" ---------------------------------------------------------- */

/* Cuts the next range off *rest, of processors from *least on, which it moves behind them. False at
 * the end, where *rest is NULL, and where there is no such range, with *rest as it was. */
static bool next_range(char **rest, uint64_t *least, uint32_t *first, uint32_t *last) {
    char *text = *rest;
    if (text == NULL)
        return false;
    char *comma = strchr(text, ',');
    if (comma != NULL)
        *comma = '\0';
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    uint64_t from, to;
    if (!gcs_text_u64(text, UINT32_MAX - 1, &from) ||
        !gcs_text_u64(dash != NULL ? dash + 1 : text, UINT32_MAX - 1, &to) || from > to ||
        from < *least)
        return false;
    *least = to + 1;
    *first = (uint32_t)from;
    *last = (uint32_t)to;
    *rest = comma != NULL ? comma + 1 : NULL;
    return true;
}

static bool read_online(const char *cpu_folder, char *text, size_t size) {
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/online", cpu_folder);
    return length > 0 && (size_t)length < sizeof path && gcs_file_first_line(path, text, size);
}

uint32_t gcs_machine_online(const char *cpu_folder) {
    char text[1024], *rest = text;
    uint32_t first, last;
    uint64_t total = 0, least = 0;
    if (!read_online(cpu_folder, text, sizeof text))
        return 0;
    while (next_range(&rest, &least, &first, &last))
        total += (uint64_t)last - first + 1;
    return rest == NULL && total <= UINT32_MAX ? (uint32_t)total : 0;
}

/* ---- One processor --------------------------------------------------------------------------- */

static bool read_cpu_file(const char *cpu_folder, uint32_t cpu, const char *file, char *text,
                          size_t size) {
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/cpu%" PRIu32 "/%s", cpu_folder, cpu, file);
    return length > 0 && (size_t)length < sizeof path && gcs_file_first_line(path, text, size);
}

/* "0x41" or "0x00000000410fd4f0", to the end or to a space. */
static bool parse_hex(const char *text, uint64_t *value) {
    if (strncmp(text, "0x", 2) != 0)
        return false;
    text += 2;
    const size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 16 || (text[digits] != '\0' && text[digits] != ' '))
        return false;
    *value = strtoull(text, NULL, 16);
    return true;
}

static bool read_midr(const char *cpu_folder, uint32_t cpu, uint64_t *midr) {
    char text[64];
    return read_cpu_file(cpu_folder, cpu, "regs/identification/midr_el1", text, sizeof text) &&
           parse_hex(text, midr);
}

/* How fast the system takes a core to be, on one scale for all cores of the machine; 0: it does not
 * say. The scheduler's capacity where it has one, else the highest frequency in kHz. */
static uint64_t read_capacity(const char *cpu_folder, uint32_t cpu) {
    static const char *const files[] = {"cpu_capacity", "cpufreq/cpuinfo_max_freq"};
    char text[64];
    uint64_t value;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (read_cpu_file(cpu_folder, cpu, files[i], text, sizeof text) &&
            gcs_text_u64(text, UINT32_MAX, &value))
            return value;
    }
    return 0;
}

/* ---- Kinds ----------------------------------------------------------------------------------- */

void gcs_machine_count_core(gcs_core_kinds *kinds, uint32_t cpu, uint64_t midr, uint64_t capacity) {
    size_t k = 0;
    while (k < kinds->count && (kinds->kind[k].implementer != MIDR_IMPLEMENTER(midr) ||
                                kinds->kind[k].part != MIDR_PART(midr)))
        k++;
    if (k == GCS_CORE_KINDS)
        return;
    gcs_core_kind *kind = &kinds->kind[k];
    if (k == kinds->count) {
        *kind = (gcs_core_kind){
            .implementer = MIDR_IMPLEMENTER(midr), .part = MIDR_PART(midr), .first = cpu};
        kinds->count++;
    }
    kind->cores++;
    if (capacity > kind->capacity) {
        kind->capacity = capacity;
        kind->first = cpu;
    }
}

/* The fastest first; of equal ones that with the first processor. */
static int compare_kinds(const void *a, const void *b) {
    const gcs_core_kind *x = a, *y = b;
    if (x->capacity != y->capacity)
        return x->capacity > y->capacity ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void kinds_from_sysfs(gcs_core_kinds *kinds, const char *cpu_folder) {
    char text[1024], *rest = text;
    uint32_t first, last;
    uint64_t least = 0;
    if (!read_online(cpu_folder, text, sizeof text))
        return;
    while (next_range(&rest, &least, &first, &last)) {
        for (uint64_t cpu = first; cpu <= last; cpu++) {
            uint64_t midr;
            if (!read_midr(cpu_folder, (uint32_t)cpu, &midr)) {
                kinds->count = 0; /* a part of the cores is no identity */
                return;
            }
            gcs_machine_count_core(kinds, (uint32_t)cpu, midr,
                                   read_capacity(cpu_folder, (uint32_t)cpu));
        }
    }
    if (rest != NULL)
        kinds->count = 0;
}

/* The value of a line "<name>\t: <value>", NULL for another line. */
static const char *value_of_line(const char *line, const char *name) {
    const size_t length = strlen(name);
    if (strncmp(line, name, length) != 0)
        return NULL;
    line += length + strspn(line + length, " \t");
    return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

#define NOT_TOLD UINT64_MAX

/* A processor's lines begin with "processor"; its part is the last of those that are needed. */
static void kinds_from_cpuinfo(gcs_core_kinds *kinds, const char *cpuinfo, const char *cpu_folder) {
    const size_t enough = (size_t)1 << 22;
    char *text;
    size_t size;
    const char *problem;
    uint64_t cpu = 0, implementer = NOT_TOLD, part;
    if (gcs_file_read(cpuinfo, enough, &text, &size, &problem) != GCS_FILE_OK)
        return;
    for (char *line = text, *next; *line != '\0'; line = next) {
        const char *value;
        next = line + strcspn(line, "\n");
        if (*next == '\n')
            *next++ = '\0';
        if ((value = value_of_line(line, "processor")) != NULL) {
            implementer = NOT_TOLD;
            if (!gcs_text_u64(value, UINT32_MAX, &cpu))
                cpu = 0;
        } else if ((value = value_of_line(line, "CPU implementer")) != NULL) {
            if (!parse_hex(value, &implementer))
                implementer = NOT_TOLD;
        } else if ((value = value_of_line(line, "CPU part")) != NULL && implementer <= 0xff &&
                   parse_hex(value, &part) && part <= 0xfff) {
            gcs_machine_count_core(kinds, (uint32_t)cpu, implementer << 24 | part << 4,
                                   read_capacity(cpu_folder, (uint32_t)cpu));
        }
    }
    free(text);
}

void gcs_machine_core_kinds(gcs_core_kinds *kinds, const char *cpu_folder, const char *cpuinfo) {
    kinds->count = 0;
    kinds_from_sysfs(kinds, cpu_folder);
    if (kinds->count == 0)
        kinds_from_cpuinfo(kinds, cpuinfo, cpu_folder);
    qsort(kinds->kind, kinds->count, sizeof kinds->kind[0], compare_kinds);
}

/* ---- The identity ---------------------------------------------------------------------------- */

/* The implementers that the Arm ARM (MIDR_EL1) and Linux' arch/arm64/include/asm/cputype.h name. */
static const struct implementer {
    uint32_t code;
    const char *name;
} implementers[] = {
    {0x41, "ARM"},       {0x42, "Broadcom"}, {0x43, "Cavium"}, {0x46, "Fujitsu"},
    {0x48, "HiSilicon"}, {0x4e, "NVIDIA"},   {0x50, "APM"},    {0x51, "Qualcomm"},
    {0x53, "Samsung"},   {0x56, "Marvell"},  {0x61, "Apple"},  {0x69, "Intel"},
    {0x6d, "Microsoft"}, {0x70, "Phytium"},  {0xc0, "Ampere"},
};

static void name_implementer(uint32_t code, char *name, size_t size) {
    for (size_t i = 0; i < sizeof implementers / sizeof implementers[0]; i++) {
        if (implementers[i].code == code) {
            snprintf(name, size, "%s", implementers[i].name);
            return;
        }
    }
    snprintf(name, size, "0x%02" PRIx32, code);
}

/* "4x41:d0b+4x41:d05". */
static void format_kinds(const gcs_core_kinds *kinds, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; k < kinds->count && used < size; k++) {
        const gcs_core_kind *kind = &kinds->kind[k];
        const int length =
            snprintf(text + used, size - used, "%s%" PRIu32 "x%02" PRIx32 ":%03" PRIx32,
                     k > 0 ? "+" : "", kind->cores, kind->implementer, kind->part);
        used += length > 0 ? (size_t)length : 0;
    }
}

uint32_t gcs_machine_set_cores(gcs_machine *machine, const gcs_core_kinds *kinds) {
    if (kinds->count == 0)
        return 0;
    name_implementer(kinds->kind[0].implementer, machine->vendor, sizeof machine->vendor);
    machine->family = kinds->kind[0].implementer;
    machine->model = kinds->kind[0].part;
    if (kinds->count > 1)
        format_kinds(kinds, machine->core_kinds, sizeof machine->core_kinds);
    return kinds->kind[0].first;
}
