/* A libcuda.so.1 for tests: device memory is the host's, and what a driver may say can be chosen. A
 * test links it, and the library that is tested opens the same by its name. One thread at a time,
 * but for cuInit. */
#ifndef GCSTEP_TESTS_CUDA_LIBCUDA_STANDIN_H
#define GCSTEP_TESTS_CUDA_LIBCUDA_STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct standin_launch {
    const char *symbol;
    unsigned grid, block, shared_bytes, cluster;
    unsigned overlaps;     /* it may begin before the launch before it has ended */
    const void *parameter; /* a copy of the kernel's */
} standin_launch;

/* What a launch runs, in its order in the stream; its result is that of cuLaunchKernelEx, or of a
 * replay. */
typedef int standin_hook(void *context, const standin_launch *launch);

/* As after loading: one GPU, its context current on all threads, nothing counted, no hook. What was
 * allocated and not freed stays. */
void standin_reset(void);

/* A number > 0 in the place of the default: the driver's version, the number of GPUs, the bytes of
 * shared memory and of the L2. */
extern int standin_version, standin_devices, standin_shared_bytes, standin_l2_bytes;
extern int standin_code; /* what the kernels were written for: 10 x major + minor */

/* Where it is true, events tell standin_ns, which the hook moves on as it likes. A copy from device
 * memory to device memory then takes so many ns for each byte, and is not made. */
extern bool standin_virtual_time;
extern double standin_ns, standin_ns_per_byte;

/* The bytes of a kernel's parameter, which a driver knows from the kernel. */
extern size_t standin_parameter_bytes;

/* NULL: launches do nothing. */
void standin_set_hook(standin_hook *hook, void *context);

/* The call number `call` (0: the next) of that function gives `result`, once; nothing is done in
 * it. */
void standin_fail(const char *function, int result, unsigned call);

/* As in a driver that has no such function, or a module without such a kernel. One name each; NULL:
 * none. */
void standin_without(const char *function);
void standin_without_kernel(const char *symbol);

/* Calls of a function, by its full name, e.g. "cuMemAlloc_v2". */
unsigned standin_calls(const char *function);

/* Device allocations, pinned ones, modules, streams and graphs that exist, together. */
unsigned standin_alive(void);

/* Where memory is that CUDA is told of: bytes from `start` on, of GPU `device`. */
enum { STANDIN_DEVICE, STANDIN_MANAGED, STANDIN_PINNED, STANDIN_PINNED_ELSEWHERE };
void standin_register(const void *start, size_t bytes, int kind, int device);
void standin_forget(const void *start);

/* Contexts: number 0 is the one of standin_reset, number i is on GPU i; -1: none. */
void standin_make_current(int context);
void standin_destroy_context(int context);

/* A stream of a context, until the next standin_reset. */
void *standin_stream(int context);

/* From now on what is enqueued waits. It goes on in order, up to so many operations; and with each
 * cuStreamQuery by standin_passing. */
void standin_hold(void);
void standin_go_on(unsigned operations);
extern unsigned standin_passing;

/* Captures a stream until the end; meanwhile functions that ask the device, allocate or wait fail
 * as with CUDA and spoil the capture. Then replays what was captured, as often as wanted; the
 * result of the hook. standin_captured: its operations, or -1 where it was spoilt. */
void standin_begin_capture(void *stream);
void standin_end_capture(void);
int standin_captured(void);
int standin_replay(void);

#ifdef __cplusplus
}
#endif
#endif
