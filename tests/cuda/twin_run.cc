// A launch: see twin_run.h.
#include "cuda/twin_internal.h"

#include <cstdio>
#include <cstdlib>

twin_run twin;
twin_index threadIdx, blockIdx, blockDim, gridDim;
void *twin_shared_memory;

namespace {

constexpr uint32_t unwritten = 0x7fa5a5a5; // a signalling NaN

// Behind the shared memory; with ASan its own red zone is there.
#if defined(TWIN_ASAN)
constexpr size_t behind = 0;
#else
constexpr size_t behind = 256;
#endif

// TSan sees a race between two blocks only if the threads had fibers of their own: consecutive
// blocks get different ones, and shared memory stays until all have been ordered by the launch's
// end.
#if defined(TWIN_TSAN)
constexpr bool for_races = true;
constexpr unsigned rotation = 4;
#else
constexpr bool for_races = false;
constexpr unsigned rotation = 1;
#endif
float **kept;
size_t kept_count, kept_room;

// ---- Threads

void become(twin_thread *thread) {
    twin.now = thread;
    threadIdx.x = thread->index;
    blockIdx.x = thread->block->number;
    twin_shared_memory = thread->block->shared;
}

// The body of each fiber: one thread after the other.
void serve(void *) {
    for (;;) {
        twin_thread &me = *twin.now;
        twin_order_acquire(&twin.order_begin);
        twin_order_acquire(&me.block->order[2]);
        twin.kernel(twin.launch);
        twin_order_release(&twin.order_end);
        if (me.cluster_arrived != me.cluster_waited)
            twin_fail_here("returns between the halves of its cluster's barrier");
        me.state = TWIN_RETURNED;
        me.block->returned++;
        twin_give_way();
    }
}

// ---- Blocks

void open_shared(twin_block *block) {
    const size_t bytes = twin.shared_bytes + behind;
    block->shared = static_cast<float *>(malloc(bytes));
    if (!block->shared) {
        fprintf(stderr, "twin: no memory for the shared memory of a block\n");
        exit(2);
    }
    char *at = reinterpret_cast<char *>(block->shared);
    size_t i = 0;
    for (; i + sizeof unwritten <= bytes; i += sizeof unwritten)
        memcpy(at + i, &unwritten, sizeof unwritten);
    memset(at + i, 0xa5, bytes - i);
}

void keep(float *shared) {
    if (kept_count == kept_room) {
        kept_room = 2 * kept_room + 16;
        kept = static_cast<float **>(realloc(kept, kept_room * sizeof *kept));
        if (!kept)
            abort();
    }
    kept[kept_count++] = shared;
}

void close_shared(twin_block *block) {
    const char *end = reinterpret_cast<char *>(block->shared) + twin.shared_bytes;
    for (size_t i = 0; i + sizeof unwritten <= behind && !twin.failed; i += sizeof unwritten) {
        if (twin.shared_bytes % 4 == 0 && memcmp(end + i, &unwritten, sizeof unwritten) != 0)
            twin_fail("block %u writes behind its shared memory of %zu bytes", block->number,
                      twin.shared_bytes);
    }
    if (for_races)
        keep(block->shared);
    else
        free(block->shared);
    block->shared = nullptr;
}

void make_fibers(twin_block *block) {
    for (; block->fibers < twin.threads; block->fibers++)
        twin_fiber_make(&block->fiber[block->fibers], serve, nullptr,
                        block->fibers + 17 * static_cast<unsigned>(block - twin.block));
}

void begin_block(twin_block *block, unsigned number) {
    make_fibers(block);
    block->used = true;
    block->number = number;
    block->returned = block->arrived = block->turn = block->favourite = 0;
    open_shared(block);
    twin_order_release(&block->order[2]);
    const unsigned shift = for_races ? number / rotation * 37 : 0;
    for (unsigned w = 0; w < twin.threads / TWIN_LANES; w++)
        block->warp[w].ready = block->warp[w].arrived = block->warp[w].turn = 0;
    for (unsigned i = 0; i < twin.threads; i++) {
        twin_thread *thread = &block->thread[i];
        *thread = {};
        thread->fiber = &block->fiber[(i + shift) % twin.threads];
        thread->block = block;
        thread->index = i;
        twin_make_ready(thread);
    }
    twin.resident++;
}

twin_block *free_block() {
    unsigned place = twin.begun % rotation;
    while (twin.block[place].used)
        place = (place + 1) % TWIN_RESIDENT;
    return &twin.block[place];
}

twin_cluster *begin_cluster() {
    twin_cluster *cluster = twin.cluster;
    while (cluster->blocks != 0)
        cluster++;
    cluster->blocks = twin.options.cluster;
    cluster->arrived = cluster->turn = 0;
    return cluster;
}

void begin_blocks() {
    const unsigned size = twin.options.cluster;
    while (twin.resident + size <= twin.options.resident * size && twin.begun < twin.grid) {
        twin_cluster *cluster = begin_cluster();
        const unsigned first =
            twin.options.blocks_backwards ? twin.grid - size - twin.begun : twin.begun;
        for (unsigned rank = 0; rank < size; rank++) {
            twin_block *block = free_block();
            block->cluster = cluster;
            cluster->block[rank] = block;
            begin_block(block, first + rank);
            twin.begun++;
        }
    }
}

void end_block(twin_block *block) {
    close_shared(block);
    block->cluster->block[block->number % twin.options.cluster] = nullptr;
    block->cluster->blocks--;
    block->used = false;
    block->ready_warps = 0;
    twin.resident--;
}

void end_blocks() {
    for (twin_block &block : twin.block) {
        if (block.used && block.returned == twin.threads)
            end_block(&block);
    }
}

// ---- Launches

// Fibers in the middle of a kernel are of no more use.
void abandon() {
    for (twin_block &block : twin.block) {
        if (block.used)
            end_block(&block);
        for (unsigned i = 0; i < block.fibers; i++)
            twin_fiber_end(&block.fiber[i]);
        block.fibers = 0;
    }
    for (twin_cluster &cluster : twin.cluster)
        cluster.blocks = 0;
}

void run_blocks() {
    for (;;) {
        begin_blocks();
        if (twin.resident == 0)
            return;
        if (twin_thread *next = twin_pick()) {
            become(next);
            twin_fiber_switch(&twin.launcher, next->fiber);
            twin.now = nullptr;
            end_blocks();
        } else {
            twin_explain_standstill();
        }
        if (twin.failed)
            return;
    }
}

const char *refuse(unsigned grid, unsigned threads, const twin_options *options) {
    const unsigned cluster = options->cluster == 0 ? 1 : options->cluster;
    if (threads == 0 || threads % TWIN_LANES != 0 || threads > TWIN_THREADS)
        return "threads: no multiple of 32 up to 1,024";
    if (cluster > TWIN_RESIDENT || grid % cluster != 0)
        return "options: the grid is no multiple of the cluster, or that is too large";
    if (options->resident == 0 || options->resident * cluster > TWIN_RESIDENT)
        return "options: resident is 0, or too many blocks";
    return options->order >= TWIN_ORDERS ? "options: no such order" : nullptr;
}

} // namespace

void twin_give_way() {
    twin_thread *self = twin.now, *next = nullptr;
    // The launcher ends a block when its last thread has returned.
    if (self->block->returned < twin.threads)
        next = twin_pick();
    if (next)
        become(next);
    if (next != self)
        twin_fiber_switch(self->fiber, next ? next->fiber : &twin.launcher);
}

const char *twin_launch(twin_kernel *kernel, const gcs_cuda_launch *launch, unsigned grid,
                        unsigned threads, size_t shared_bytes, const twin_options *options) {
    if (const char *why = refuse(grid, threads, options))
        return why;
    if (twin.running) {
        twin_fiber_jumped(&twin.launcher);
        abandon();
    } else {
        twin_fiber_adopt(&twin.launcher);
    }
    twin.running = true;
    twin.failed = false;
    twin.kernel = kernel;
    twin.launch = launch;
    twin.options = *options;
    if (options->cluster == 0)
        twin.options.cluster = 1;
    twin.random = options->seed;
    twin.grid = gridDim.x = grid;
    twin.threads = blockDim.x = threads;
    twin.shared_bytes = shared_bytes;
    twin.begun = twin.resident = 0;
    twin_order_release(&twin.order_begin);
    run_blocks();
    twin_order_acquire(&twin.order_end);
    if (twin.failed)
        abandon(); // before anything is freed
    while (kept_count > 0)
        free(kept[--kept_count]);
    twin.running = false;
    return twin.failed ? twin.why : nullptr;
}
