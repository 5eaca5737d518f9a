/* The machine's topology without hwloc: what /sys and sysconf tell. */
#include "tune/topology.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CACHE_FOLDER "/sys/devices/system/cpu/cpu0/cache"

/* The first line of a small file, without its newline; false when there is none. */
static bool read_line(const char *path, char *text, int size) {
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool read = fgets(text, size, file) != NULL;
    fclose(file);
    if (read)
        text[strcspn(text, "\n")] = '\0';
    return read;
}

static bool read_cache_field(int index, const char *field, char *text, int size) {
    char path[128];
    snprintf(path, sizeof path, CACHE_FOLDER "/index%d/%s", index, field);
    return read_line(path, text, size);
}

static void print_caches(void) {
    char level[8], type[16], size[16], shared[64];
    for (int i = 0; read_cache_field(i, "level", level, sizeof level); i++) {
        if (!read_cache_field(i, "type", type, sizeof type) ||
            !read_cache_field(i, "size", size, sizeof size) || strcmp(type, "Instruction") == 0)
            continue;
        printf("  L%-9s %siB", level, size);
        if (read_cache_field(i, "shared_cpu_list", shared, sizeof shared))
            printf(", that of processor 0 is shared by processors %s", shared);
        printf("\n");
    }
}

void gcs_topology_print(void) {
    char online[64];
    if (read_line("/sys/devices/system/cpu/online", online, sizeof online))
        printf("  processors %s\n", online);
    print_caches();
    if (read_line("/sys/devices/system/node/online", online, sizeof online))
        printf("  NUMA nodes %s\n", online);
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        printf("  memory     %.1f GiB\n", (double)pages * (double)page / (double)(1u << 30));
}
