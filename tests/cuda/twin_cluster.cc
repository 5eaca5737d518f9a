// Blocks that reach each other's shared memory, and their barrier of two halves.
#include "cuda/twin_internal.h"

uint32_t twin_cluster_rank() {
    return blockIdx.x % twin.options.cluster;
}
uint32_t twin_cluster_blocks() {
    return twin.options.cluster;
}

// Threads that wait for the cluster's turn can go on.
static void open_barrier(twin_cluster &cluster) {
    cluster.arrived = 0;
    cluster.turn++;
    for (unsigned rank = 0; rank < twin.options.cluster; rank++) {
        twin_block *block = cluster.block[rank];
        for (unsigned i = 0; block && i < twin.threads; i++) {
            if (block->thread[i].state == TWIN_AT_CLUSTER)
                twin_make_ready(&block->thread[i]);
        }
    }
}

void twin_cluster_arrive(bool ordered, const twin_place &place) {
    twin_thread &me = *twin.now;
    twin_cluster &cluster = *me.block->cluster;
    if (me.cluster_arrived != me.cluster_waited)
        twin_fail_here("arrives twice at its cluster's barrier, at %s:%u", twin_file(place),
                       place.line);
    if (cluster.arrived != 0 && !twin_same_place(cluster.place, place))
        twin_fail_here("arrives at its cluster's barrier at %s:%u, others at %s:%u",
                       twin_file(place), place.line, twin_file(cluster.place), cluster.place.line);
    cluster.place = place;
    me.cluster_arrived++;
    if (ordered)
        twin_order_release(&cluster.order[cluster.turn & 1]);
    if (++cluster.arrived == twin.threads * twin.options.cluster)
        open_barrier(cluster);
}

void twin_cluster_wait(const twin_place &place) {
    twin_thread &me = *twin.now;
    twin_cluster &cluster = *me.block->cluster;
    if (me.cluster_arrived == me.cluster_waited)
        twin_fail_here("waits at its cluster's barrier without having arrived, at %s:%u",
                       twin_file(place), place.line);
    const unsigned turn = me.cluster_waited++;
    if (cluster.turn == turn) {
        me.state = TWIN_AT_CLUSTER;
        me.place = place;
        twin_give_way();
    }
    twin_order_acquire(&cluster.order[turn & 1]);
}

const float *twin_of_cluster(const float *p, uint32_t rank, const twin_place &place) {
    const twin_thread &me = *twin.now;
    const uintptr_t at = (uintptr_t)p - (uintptr_t)me.block->shared;
    if (at % sizeof *p != 0 || at >= twin.shared_bytes)
        twin_fail_here("reads what is not in shared memory, at %s:%u", twin_file(place),
                       place.line);
    if (rank >= twin.options.cluster)
        twin_fail_here("reads of block %u of its cluster, at %s:%u", rank, twin_file(place),
                       place.line);
    const twin_block *block = me.block->cluster->block[rank];
    if (!block)
        twin_fail_here("reads the shared memory of a block that has ended, at %s:%u",
                       twin_file(place), place.line);
    return (const float *)((uintptr_t)block->shared + at);
}
