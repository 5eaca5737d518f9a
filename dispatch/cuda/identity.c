/* An NVIDIA GPU as tables know it. */
#include "dispatch/cuda/identity.h"

#include "dispatch/cuda/choice.h"

#include <stdio.h>

static const gcs_device_field fields[] = {
    {"name", false}, {"arch", false}, {"units", true}, {"l2", true}, {"bus", true}};

static const gcs_kernel *find(const char *name) {
    const gcs_cuda_kernel *kernel = gcs_cuda_find(name);
    return kernel != NULL ? &kernel->row : NULL;
}

const gcs_device_backend gcs_cuda_backend = {.name = "cuda",
                                             .fields = fields,
                                             .count = sizeof fields / sizeof fields[0],
                                             .cache = "l2",
                                             .find = find,
                                             .impl_rev = gcs_cuda_impl_rev};

/* What a driver does not tell is 0. */
static uint64_t counted(int number) {
    return number > 0 ? (uint64_t)number : 0;
}

void gcs_cuda_identity(const gcs_cuda_device *device, gcs_device_identity *identity) {
    char arch[32];
    snprintf(arch, sizeof arch, "sm_%d%d", device->major, device->minor);
    gcs_device_identity_begin(identity, "cuda");
    gcs_device_identity_add(identity, "name", device->name);
    gcs_device_identity_add(identity, "arch", arch);
    gcs_device_identity_add_number(identity, "units", counted(device->multiprocessors));
    gcs_device_identity_add_number(identity, "l2", device->l2_bytes);
    gcs_device_identity_add_number(identity, "bus", counted(device->bus_bits));
}
