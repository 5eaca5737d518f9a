/* The machine's topology, from hwloc. */
#include "tune/topology.h"
#include <hwloc.h>
#include <stdio.h>

static int count_of(hwloc_topology_t topology, hwloc_obj_type_t type) {
    int count = hwloc_get_nbobjs_by_type(topology, type);
    return count > 0 ? count : 0;
}

static void print_caches(hwloc_topology_t topology) {
    static const hwloc_obj_type_t levels[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                              HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE};
    static const char *const names[] = {"L1d", "L2", "L3", "L4"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        int count = count_of(topology, levels[i]);
        if (count == 0)
            continue;
        hwloc_obj_t cache = hwloc_get_obj_by_type(topology, levels[i], 0);
        printf("  %-10s %d x %llu KiB, shared by %d PU%s, lines of %u bytes\n", names[i], count,
               (unsigned long long)(cache->attr->cache.size / 1024),
               hwloc_bitmap_weight(cache->cpuset),
               hwloc_bitmap_weight(cache->cpuset) == 1 ? "" : "s", cache->attr->cache.linesize);
    }
}

static void print_memory(hwloc_topology_t topology) {
    int nodes = count_of(topology, HWLOC_OBJ_NUMANODE);
    for (int i = 0; i < nodes; i++) {
        hwloc_obj_t node = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, (unsigned)i);
        printf("  NUMA node %d: %.1f GiB\n", i,
               (double)node->attr->numanode.local_memory / (double)(1u << 30));
    }
}

void gcs_topology_print(void) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0)
        return;
    if (hwloc_topology_load(topology) == 0) {
        printf("  topology   %d package(s), %d core(s), %d PU(s), %d NUMA node(s) (hwloc)\n",
               count_of(topology, HWLOC_OBJ_PACKAGE), count_of(topology, HWLOC_OBJ_CORE),
               count_of(topology, HWLOC_OBJ_PU), count_of(topology, HWLOC_OBJ_NUMANODE));
        print_caches(topology);
        print_memory(topology);
    }
    hwloc_topology_destroy(topology);
}
