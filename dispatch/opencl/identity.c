/* An OpenCL device as tables know it. */
#include "dispatch/opencl/identity.h"

#include "dispatch/opencl/choice.h"
#include "dispatch/opencl/source.h"

static const gcs_device_field fields[] = {{"name", false},  {"vendor", false}, {"type", false},
                                          {"units", true},  {"local", true},   {"cache", true},
                                          {"driver", false}};

static const gcs_kernel *find(const char *name) {
    const gcs_opencl_kernel *kernel = gcs_opencl_find(name);
    return kernel != NULL ? &kernel->row : NULL;
}

const gcs_device_backend gcs_opencl_backend = {.name = "opencl",
                                               .fields = fields,
                                               .count = sizeof fields / sizeof fields[0],
                                               .cache = "cache",
                                               .find = find,
                                               .impl_rev = gcs_opencl_impl_rev};

void gcs_opencl_identity(const gcs_opencl_device *device, gcs_device_identity *identity) {
    gcs_device_identity_begin(identity, "opencl");
    gcs_device_identity_add(identity, "name", device->name);
    gcs_device_identity_add(identity, "vendor", device->vendor);
    gcs_device_identity_add(identity, "type", gcs_opencl_device_kind(device));
    gcs_device_identity_add_number(identity, "units", device->compute_units);
    gcs_device_identity_add_number(identity, "local", device->local_bytes);
    gcs_device_identity_add_number(identity, "cache", device->cache_bytes);
    gcs_device_identity_add(identity, "driver", device->driver_version);
}
