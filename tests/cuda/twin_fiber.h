/* Fibers: stacks that a thread of the host goes on with in turn. The sanitizers are told of it. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_FIBER_H
#define GCSTEP_TESTS_CUDA_TWIN_FIBER_H

#include <stddef.h>

struct twin_fiber {
    void *context; /* where it goes on; NULL while it runs */
    void *map;     /* guard page and stack; NULL: the stack that the host gave */
    size_t map_bytes;
    const void *stack; /* lowest address */
    size_t stack_bytes;
    void *fake_stack; /* ASan's */
    void *shadow;     /* TSan's */
    void (*body)(void *arg);
    void *arg;
};

/* A fiber whose body is called when it is first switched to, and must not return. `number`: stacks
 * of different numbers begin at different places of a page, so that they do not share few lines of
 * the cache. Ends the program where memory runs out. */
void twin_fiber_make(twin_fiber *fiber, void (*body)(void *arg), void *arg, unsigned number);
void twin_fiber_end(twin_fiber *fiber);

/* The stack that this is called on. */
void twin_fiber_adopt(twin_fiber *fiber);

/* Goes on with `to`; returns when somebody switches back to `from`, which runs. */
void twin_fiber_switch(twin_fiber *from, twin_fiber *to);

/* Tells the sanitizers that a jump has led to `adopted`. */
void twin_fiber_jumped(twin_fiber *adopted);

/* What this fiber did is ordered before what one does that gets the same address later; for TSan. A
 * switch orders nothing. */
void twin_order_release(void *address);
void twin_order_acquire(void *address);

#endif
