/* A libOpenCL.so.1 for tests: what a loader, its devices and their compiler say can be chosen. A
 * test links it, and the library that is tested opens the same by its name. One thread at a time,
 * but for clGetPlatformIDs. */
#ifndef GCSTEP_TESTS_OPENCL_LIBOPENCL_STANDIN_H
#define GCSTEP_TESTS_OPENCL_LIBOPENCL_STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a device tells; each by the name that OpenCL has for it. */
typedef struct standin_device {
    const char *name, *vendor, *version, *driver_version, *c_version, *extensions;
    uint64_t type, local_bytes, global_bytes, max_allocation, cache_bytes, float_config, queue, svm;
    uint32_t compute_units, clock_mhz, local_type, cache_line, base_alignment, address_bits;
    uint32_t float_width_native, float_width_preferred;
    uint32_t available, compiler, little_endian, unified;
    size_t max_group, max_items[3], parameter_bytes, timer_ns;
    unsigned platform; /* its number, set by standin_reset */
} standin_device;

enum { STANDIN_PLATFORMS = 2, STANDIN_DEVICES = 3 };

typedef struct standin_platform {
    const char *name, *version;
    unsigned device_count; /* 0: clGetDeviceIDs finds none */
    standin_device devices[STANDIN_DEVICES];
} standin_platform;

/* For a test to change, after standin_reset. */
extern standin_platform standin_platforms[STANDIN_PLATFORMS];
extern unsigned standin_platform_count;

/* What the compiler says of any source; "": nothing. And the options of the last build. */
extern const char *standin_build_log;
extern char standin_options[512];
extern bool standin_without_binaries; /* it hands out none: their size is 0 */
extern int standin_binary_status;     /* of a binary that it takes; not 0: it does not, after all */

/* As after loading: two platforms, the first with two devices, the second with one; nothing
 * counted, no failure planned. Objects that are alive stay. */
void standin_reset(void);

/* The call number `call` (0: the next) of that function gives `result`, once; nothing is done in
 * it. One plan at a time; NULL: none. */
void standin_fail(const char *function, int result, unsigned call);

/* From now on to ask for this (a cl_device_info or the like) gives `result`; 0: none fails. */
void standin_fail_query(unsigned name, int result);

/* Calls of a function by its name, e.g. "clBuildProgram". */
unsigned standin_calls(const char *function);

/* Objects of that kind that have not been released, or of all. */
enum {
    STANDIN_ALL,
    STANDIN_CONTEXT,
    STANDIN_QUEUE,
    STANDIN_MEMORY,
    STANDIN_PROGRAM,
    STANDIN_KERNEL,
    STANDIN_EVENT
};
unsigned standin_alive(int kind);

/* ---- Buffers, queues and kernels (after standin_reset as with a plain device) ---------------- */

/* A sub-buffer; to be released as any. Where the memory's bytes are. And what makes it an image, as
 * far as its type goes. */
void *standin_part(void *memory, size_t origin, size_t bytes);
void *standin_data(void *memory);
void standin_make_image(void *memory);

/* As if the handle were another's now, which is shorter. */
void standin_shorten(void *memory, size_t bytes);

/* While held back, commands are done when something waits. */
void standin_hold(bool hold);

/* Commands of queues without order that did not wait for the one before them. */
extern unsigned standin_unordered;

/* The work-items that any kernel's work-group may have; 0: the device's. */
extern size_t standin_group_limit;

typedef struct standin_argument {
    bool is_set, is_svm;
    size_t size;
    unsigned char value[16];
} standin_argument;

typedef struct standin_launch {
    const char *kernel;
    size_t groups, items; /* work-groups, and work-items of one */
    const standin_argument *arguments;
    const void *const *pointers; /* of SVM, that it was told of */
    size_t pointer_count;
} standin_launch;

/* What a kernel does. Not 0: what becomes of its command. */
typedef int standin_hook(void *context, const standin_launch *launch);
void standin_on_launch(standin_hook *hook, void *context);

#endif
