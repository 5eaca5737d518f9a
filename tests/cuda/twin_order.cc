// Which thread goes on: see twin_run.h's orders.
#include "cuda/twin_internal.h"

#include <bit>

const char *twin_order_name(twin_order order) {
    static const char *const names[TWIN_ORDERS] = {"ascending", "descending", "shuffled", "uneven"};
    return names[order];
}

// splitmix64, as docs/arithmetic.md has it.
unsigned twin_draw(unsigned limit) {
    uint64_t z = twin.random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<unsigned>((z >> 32) * limit >> 32);
}

void twin_make_ready(twin_thread *thread) {
    thread->state = TWIN_GOES_ON;
    twin_block *block = thread->block;
    block->warp[thread->index / TWIN_LANES].ready |= 1U << thread->index % TWIN_LANES;
    block->ready_warps |= 1U << thread->index / TWIN_LANES;
}

namespace {

unsigned lowest(uint32_t set) {
    return static_cast<unsigned>(std::countr_zero(set));
}
unsigned highest(uint32_t set) {
    return 31 - static_cast<unsigned>(std::countl_zero(set));
}

// The first at or behind a drawn place.
unsigned any(uint32_t set) {
    const unsigned start = twin_draw(32);
    return (start + lowest(std::rotr(set, static_cast<int>(start)))) % 32;
}

bool can_go_on(const twin_block &block) {
    return block.used && block.ready_warps != 0;
}

twin_block *pick_block() {
    const bool last = twin.options.order == TWIN_DESCENDING;
    unsigned start = 0;
    if (twin.options.order >= TWIN_SHUFFLED && twin.options.resident > 1)
        start = twin_draw(TWIN_RESIDENT);
    for (unsigned i = 0; i < TWIN_RESIDENT; i++) {
        const unsigned place = (start + (last ? TWIN_RESIDENT - 1 - i : i)) % TWIN_RESIDENT;
        if (can_go_on(twin.block[place]))
            return &twin.block[place];
    }
    return nullptr;
}

// Of a warp that is ahead, until it can do nothing more, or by chance another is to be ahead.
unsigned pick_warp_ahead(twin_block &block) {
    const bool stuck = !(block.ready_warps >> block.favourite & 1);
    if (stuck || twin_draw(256) == 0)
        block.favourite = any(block.ready_warps);
    return block.favourite;
}

} // namespace

twin_thread *twin_pick() {
    twin_block *block = pick_block();
    if (!block)
        return nullptr;
    unsigned warp = 0, lane = 0;
    switch (twin.options.order) {
    case TWIN_DESCENDING:
        warp = highest(block->ready_warps);
        lane = highest(block->warp[warp].ready);
        break;
    case TWIN_SHUFFLED:
        warp = any(block->ready_warps);
        lane = any(block->warp[warp].ready);
        break;
    case TWIN_UNEVEN:
        warp = pick_warp_ahead(*block);
        lane = any(block->warp[warp].ready);
        break;
    default:
        warp = lowest(block->ready_warps);
        lane = lowest(block->warp[warp].ready);
        break;
    }
    twin_warp &of = block->warp[warp];
    of.ready &= ~(1U << lane);
    if (of.ready == 0)
        block->ready_warps &= ~(1U << warp);
    return &block->thread[warp * TWIN_LANES + lane];
}
