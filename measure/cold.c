/* How many bytes of buffers make every access cold: a multiple of all last-level caches. */
#include "dispatch/machine.h"
#include "measure/measure.h"
#include <stdio.h>

/* With twice the cache a replacement that is not strictly "least recent first" still keeps a part
 * of a set; four times leaves next to nothing. */
#define CACHE_MULTIPLE 4
#define LEAST_BYTES    ((uint64_t)64 << 20) /* where the system tells no cache size */

/* Number of processors in a list such as "0-7,64-71"; 0 when it cannot be read. */
static uint64_t list_length(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    uint64_t length = 0;
    unsigned first, last;
    while (fscanf(file, "%u", &first) == 1) {
        int next = fgetc(file);
        last = first;
        if (next == '-') {
            if (fscanf(file, "%u", &last) != 1 || last < first)
                break;
            next = fgetc(file);
        }
        length += (uint64_t)(last - first) + 1;
        if (next != ',')
            break;
    }
    fclose(file);
    return length;
}

/* A machine of several clusters has one last-level cache in each, and a step's threads may use
 * all of them. */
static uint64_t cluster_count(const gcs_machine *machine) {
    const char *index = machine->l3 ? "3" : "2";
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%s/shared_cpu_list",
             index);
    uint64_t shared = list_length(path);
    if (shared == 0 || machine->cores <= shared)
        return 1;
    return (machine->cores + shared - 1) / shared;
}

uint64_t gcs_cold_bytes(void) {
    gcs_machine machine;
    gcs_machine_read(&machine);
    uint64_t cache = machine.l3 ? machine.l3 : machine.l2;
    uint64_t bytes = CACHE_MULTIPLE * cache * cluster_count(&machine);
    return bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
}
