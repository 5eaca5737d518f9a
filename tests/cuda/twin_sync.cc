// What threads do with each other: barriers, shuffles, counters, waiting.
#include "cuda/twin_internal.h"

namespace {

twin_warp &warp_of(twin_thread &thread) {
    return thread.block->warp[thread.index / TWIN_LANES];
}

void wait_at(twin_thread &me, twin_state state, const twin_place &place) {
    me.state = state;
    me.place = place;
}

// Whoever waits already has to wait at the same place as `me`.
void agree(const twin_thread &me, const twin_thread &other, const char *what) {
    if (other.state == me.state && twin_same_place(me.place, other.place))
        return;
    twin_fail_here("is at the %s of %s:%u, while thread %u waits at %s:%u", what,
                   twin_file(me.place), me.place.line, other.index, twin_file(other.place),
                   other.place.line);
}

// A wait of the whole warp; returns its turn.
unsigned meet_warp(twin_thread &me, const twin_place &place, const char *what, float value) {
    twin_warp &warp = warp_of(me);
    const unsigned lane = me.index % TWIN_LANES, first = me.index - lane, turn = warp.turn;
    wait_at(me, TWIN_AT_WARP, place);
    if (warp.arrived == 0)
        warp.first = me.index;
    agree(me, me.block->thread[warp.first], what);
    warp.value[turn & 1][lane] = value;
    warp.arrived |= 1U << lane;
    if (warp.arrived == GCS_FULL_WARP) {
        warp.arrived = 0;
        warp.turn++;
        for (unsigned i = 0; i < TWIN_LANES; i++)
            twin_make_ready(&me.block->thread[first + i]);
    }
    twin_give_way();
    return turn;
}

} // namespace

bool twin_same_place(const twin_place &a, const twin_place &b) {
    return a.line == b.line && a.file == b.file;
}

void twin_barrier(const twin_place &place) {
    twin_thread &me = *twin.now;
    twin_block &block = *me.block;
    const unsigned turn = block.turn;
    wait_at(me, TWIN_AT_BARRIER, place);
    if (block.arrived == 0)
        block.first = me.index;
    agree(me, block.thread[block.first], "barrier");
    if (me.fenced > 0)
        me.fenced--;
    twin_order_release(&block.order[turn & 1]);
    if (++block.arrived == twin.threads) {
        block.arrived = 0;
        block.turn++;
        for (unsigned i = 0; i < twin.threads; i++)
            twin_make_ready(&block.thread[i]);
    }
    twin_give_way();
    twin_order_acquire(&block.order[turn & 1]);
}

void twin_warp_barrier(const twin_place &place) {
    twin_thread &me = *twin.now;
    twin_warp &warp = warp_of(me);
    twin_order_release(&warp.order[warp.turn & 1]);
    const unsigned turn = meet_warp(me, place, "__syncwarp", 0);
    twin_order_acquire(&warp.order[turn & 1]);
}

// A shuffle hands over a value and orders no memory. The value of a lane behind the warp's end is
// anything: a NaN here.
float twin_shuffle(float x, unsigned lane, const twin_place &place) {
    twin_thread &me = *twin.now;
    const unsigned turn = meet_warp(me, place, "shuffle", x);
    return lane < TWIN_LANES ? warp_of(me).value[turn & 1][lane] : __uint_as_float(0x7fc0dead);
}

// A relaxed operation: with a fence before it, it publishes; with one behind it, it sees.
uint32_t twin_count_up(uint32_t *counter, uint32_t last) {
    twin_thread &me = *twin.now;
    const uint32_t old = *counter;
    *counter = old >= last ? 0 : old + 1;
    if (me.fenced > 0)
        twin_order_release(counter);
    me.counted = counter;
    return old;
}

void twin_fence() {
    twin_thread &me = *twin.now;
    me.fenced = 2;
    if (me.counted)
        twin_order_acquire(me.counted);
}

void twin_misaligned(const void *p, unsigned bytes, const twin_place &place) {
    twin_fail_here("accesses %u bytes at %p, which is not aligned, at %s:%u", bytes, p,
                   twin_file(place), place.line);
}
