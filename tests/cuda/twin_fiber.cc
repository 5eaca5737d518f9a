// Fibers by Boost.Context's jumps: see twin_fiber.h. Compiled without instrumentation; what the
// sanitizers need to know is said here.
#include "cuda/twin_fiber.h"

#include <boost/context/detail/fcontext.hpp>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(TWIN_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(TWIN_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace context = boost::context::detail;

namespace {

constexpr size_t page = 4096;
#if defined(TWIN_ASAN)
constexpr size_t stack_pages = 128; // frames with red zones
#else
constexpr size_t stack_pages = 32;
#endif

// The fiber that ran before has been left here.
void arrived(context::transfer_t from, [[maybe_unused]] void *fake_stack) {
    auto *previous = static_cast<twin_fiber *>(from.data);
    previous->context = from.fctx;
#if defined(TWIN_ASAN)
    __sanitizer_finish_switch_fiber(fake_stack, &previous->stack, &previous->stack_bytes);
#endif
}

twin_fiber *entering;

void enter(context::transfer_t from) {
    twin_fiber *self = entering;
    arrived(from, nullptr);
    self->body(self->arg);
    std::abort();
}

} // namespace

void twin_fiber_make(twin_fiber *fiber, void (*body)(void *arg), void *arg, unsigned number) {
    *fiber = {};
    fiber->body = body;
    fiber->arg = arg;
    fiber->map_bytes = (stack_pages + 1) * page;
    fiber->map = mmap(nullptr, fiber->map_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (fiber->map == MAP_FAILED || mprotect(fiber->map, page, PROT_NONE) != 0) {
        std::fprintf(stderr, "twin: no memory for the stack of a fiber\n");
        std::exit(2);
    }
    const size_t shift = size_t{64} * (number * 7 % 61);
    fiber->stack = static_cast<char *>(fiber->map) + page;
    fiber->stack_bytes = fiber->map_bytes - page - shift;
    void *top = static_cast<char *>(fiber->map) + fiber->map_bytes - shift;
    fiber->context = context::make_fcontext(top, fiber->stack_bytes, enter);
#if defined(TWIN_TSAN)
    fiber->shadow = __tsan_create_fiber(0);
#endif
}

void twin_fiber_end(twin_fiber *fiber) {
#if defined(TWIN_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(fiber->map, fiber->map_bytes);
#endif
#if defined(TWIN_TSAN)
    // All that it did comes before what the caller does now.
    void *self = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->shadow, __tsan_switch_to_fiber_no_sync);
    __tsan_switch_to_fiber(self, 0);
    __tsan_destroy_fiber(fiber->shadow);
#endif
    munmap(fiber->map, fiber->map_bytes);
    *fiber = {};
}

void twin_fiber_adopt(twin_fiber *fiber) {
    *fiber = {};
#if defined(TWIN_TSAN)
    fiber->shadow = __tsan_get_current_fiber();
#endif
}

void twin_fiber_switch(twin_fiber *from, twin_fiber *to) {
#if defined(TWIN_ASAN)
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
#endif
#if defined(TWIN_TSAN)
    __tsan_switch_to_fiber(to->shadow, __tsan_switch_to_fiber_no_sync);
#endif
    entering = to;
    void *there = to->context;
    to->context = nullptr;
    arrived(context::jump_fcontext(there, from), from->fake_stack);
}

void twin_fiber_jumped([[maybe_unused]] twin_fiber *adopted) {
#if defined(TWIN_ASAN)
    void *lost;
    __sanitizer_start_switch_fiber(&lost, adopted->stack, adopted->stack_bytes);
    __sanitizer_finish_switch_fiber(adopted->fake_stack, nullptr, nullptr);
#endif
#if defined(TWIN_TSAN)
    __tsan_switch_to_fiber(adopted->shadow, __tsan_switch_to_fiber_no_sync);
#endif
}

void twin_order_release([[maybe_unused]] void *address) {
#if defined(TWIN_TSAN)
    __tsan_release(address);
#endif
}

void twin_order_acquire([[maybe_unused]] void *address) {
#if defined(TWIN_TSAN)
    __tsan_acquire(address);
#endif
}
