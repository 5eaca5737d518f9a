/* Which OpenCL kernel steps a tensor. Nothing here needs a device. */
#ifndef GCSTEP_DISPATCH_OPENCL_CHOICE_H
#define GCSTEP_DISPATCH_OPENCL_CHOICE_H

#include "dispatch/opencl/device.h"
#include "dispatch/registry.h"
#include "dispatch/table.h"
#include "kernels/opencl/launch.h"

/* The kernel of that name, or NULL. */
const gcs_opencl_kernel *gcs_opencl_find(const char *name);

/* The kernel whose row it is. */
static inline const gcs_opencl_kernel *gcs_opencl_kernel_of(const gcs_kernel *row) {
    return (const gcs_opencl_kernel *)(const void *)row;
}

/* Whether the kernel does what is needed, within the limits that the device has for all kernels.
 * What it has for this one is known when it is built. */
bool gcs_opencl_fits(const gcs_opencl_kernel *kernel, const gcs_need *need,
                     const gcs_opencl_device *device);

/* Whether a group of so many elements gives a work-item something to do: of rows that are much
 * shorter than the parts that a kernel splits them into there may be millions of items. */
bool gcs_opencl_has_work(const gcs_opencl_kernel *kernel, uint64_t length);

/* By the fixed rule, for a tensor of so many groups (0: many); NULL: none fits. `refused` has
 * entries for all of gcs_opencl_kernels, true for those that are not to be taken; or is NULL. */
const gcs_opencl_kernel *gcs_opencl_kernel_for(const gcs_need *need, uint64_t groups,
                                               const gcs_opencl_device *device,
                                               const bool *refused);

/* `forced` where it is not NULL and fits, else what a table says of this device, else by the fixed
 * rule; none that is refused. False: none fits. */
bool gcs_opencl_choose(const gcs_need *need, uint64_t groups, const gcs_opencl_device *device,
                       const bool *refused, const gcs_opencl_kernel *forced,
                       const gcs_table_question *question, gcs_choice *choice);

#endif
