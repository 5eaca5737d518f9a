/* The places where steps can be timed, by the names of their backends. */
#include "tune/rig.h"

#include <stdio.h>
#include <string.h>

typedef struct backend {
    const char *name;
    gcs_rig *(*open)(unsigned number, char *why, size_t why_size);
    bool (*identify)(unsigned number, gcs_device_identity *identity, char *why, size_t why_size);
} backend;

static const backend backends[] = {
    {"cpu", gcs_rig_cpu, NULL},
    {"cuda", gcs_rig_cuda, gcs_rig_cuda_identify},
    {"opencl", gcs_rig_opencl, gcs_rig_opencl_identify},
};
#define BACKENDS (sizeof backends / sizeof backends[0])

static const backend *find(const char *name) {
    for (size_t i = 0; i < BACKENDS; i++)
        if (strcmp(backends[i].name, name) == 0)
            return &backends[i];
    return NULL;
}

bool gcs_rig_is_known(const char *name) {
    return find(name) != NULL;
}

const char *gcs_rig_names(void) {
    static char names[64];
    names[0] = '\0';
    for (size_t i = 0; i < BACKENDS; i++) {
        const size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s",
                 i == 0              ? ""
                 : i + 1 == BACKENDS ? " and "
                                     : ", ",
                 backends[i].name);
    }
    return names;
}

gcs_rig *gcs_rig_open(const char *name, unsigned number, char *why, size_t why_size) {
    const backend *found = find(name);
    if (found)
        return found->open(number, why, why_size);
    snprintf(why, why_size, "there is no backend '%s'", name);
    return NULL;
}

void gcs_rig_close(gcs_rig *rig) {
    if (rig)
        rig->destroy(rig);
}

bool gcs_rig_identify(const char *name, unsigned number, gcs_device_identity *identity, char *why,
                      size_t why_size) {
    const backend *found = find(name);
    if (found && found->identify)
        return found->identify(number, identity, why, why_size);
    snprintf(why, why_size, "the backend '%s' has no devices here", name);
    return false;
}

gcs_rig *gcs_rig_open_same(const gcs_device_identity *identity, char *why, size_t why_size) {
    gcs_device_identity other;
    for (unsigned i = 0; gcs_rig_identify(identity->backend, i, &other, why, why_size); i++)
        if (gcs_device_identity_equal(identity, &other))
            return gcs_rig_open(identity->backend, i, why, why_size);
    return NULL;
}
