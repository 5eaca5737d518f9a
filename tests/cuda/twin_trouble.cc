// What is said when a launch goes wrong.
#include "cuda/twin_internal.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

const char *twin_file(const twin_place &place) {
    const char *slash = strrchr(place.file, '/');
    return slash ? slash + 1 : place.file;
}

void twin_fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(twin.why, sizeof twin.why, format, values);
    va_end(values);
    twin.failed = true;
}

void twin_fail_here(const char *format, ...) {
    twin_thread &me = *twin.now;
    const int start =
        snprintf(twin.why, sizeof twin.why, "block %u, thread %u ", me.block->number, me.index);
    va_list values;
    va_start(values, format);
    vsnprintf(twin.why + start, sizeof twin.why - static_cast<size_t>(start), format, values);
    va_end(values);
    twin.failed = true;
    twin_fiber_switch(me.fiber, &twin.launcher);
    abort(); // the launch has been abandoned
}

namespace {

const twin_thread *first_with(const twin_block &block, unsigned begin, unsigned end,
                              twin_state state) {
    for (unsigned i = begin; i < end; i++) {
        if (block.thread[i].state == state)
            return &block.thread[i];
    }
    return nullptr;
}

// The way of a thread that others wait for in vain.
void say_missing(char *text, size_t size, const twin_thread &missing) {
    static const char *const states[] = {"goes on", "waits at the barrier of",
                                         "waits for its warp at", "waits for its cluster at", ""};
    if (missing.state == TWIN_RETURNED)
        snprintf(text, size, "thread %u has returned", missing.index);
    else
        snprintf(text, size, "thread %u %s %s:%u", missing.index, states[missing.state],
                 twin_file(missing.place), missing.place.line);
}

// `waiting` waits for threads [begin, end), of which one does not come.
void say_waits(const twin_thread &waiting, const char *what, unsigned begin, unsigned end) {
    const twin_block &block = *waiting.block;
    for (int state = TWIN_RETURNED; state > TWIN_GOES_ON; state--) {
        const twin_thread *missing = first_with(block, begin, end, static_cast<twin_state>(state));
        if (!missing || state == waiting.state)
            continue;
        char way[160];
        say_missing(way, sizeof way, *missing);
        twin_fail("block %u, thread %u waits at the %s of %s:%u, but %s", block.number,
                  waiting.index, what, twin_file(waiting.place), waiting.place.line, way);
        return;
    }
}

void explain_block(const twin_block &block) {
    if (const twin_thread *t = first_with(block, 0, twin.threads, TWIN_AT_WARP)) {
        const unsigned first = t->index - t->index % TWIN_LANES;
        say_waits(*t, "shuffle or __syncwarp", first, first + TWIN_LANES);
    }
    const twin_thread *t = first_with(block, 0, twin.threads, TWIN_AT_BARRIER);
    if (!twin.failed && t)
        say_waits(*t, "__syncthreads", 0, twin.threads);
    t = first_with(block, 0, twin.threads, TWIN_AT_CLUSTER);
    if (!twin.failed && t)
        twin_fail("block %u, thread %u waits for its cluster at %s:%u, of which %u threads have "
                  "arrived",
                  block.number, t->index, twin_file(t->place), t->place.line,
                  block.cluster->arrived);
}

} // namespace

void twin_explain_standstill() {
    for (const twin_block &block : twin.block) {
        if (block.used && !twin.failed)
            explain_block(block);
    }
    if (!twin.failed)
        twin_fail("nobody can go on");
}
