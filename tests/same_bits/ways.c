/* Comparing, and the ways that call kernels directly: see ways.h. */
#include "ways.h"

#include "direct.h"
#include "dispatch/registry.h"

#include <inttypes.h>
#include <stdio.h>

const char *gcs_ways_name(const gcs_ways *ways) {
    static char name[96];
    snprintf(name, sizeof name, "%s_%s_%s%s", gcs_rule_name(ways->spec.rule),
             gcs_center_name(ways->spec.center),
             gcs_types_name(ways->spec.gradient, ways->spec.copy),
             ways->given ? ", means given" : "");
    return name;
}

static bool compare_tensor(const gcs_ways *ways, size_t i, const char *way) {
    if (gcs_sample_hash(ways->sample, &ways->spec, i) == ways->hash[i])
        return true;
    const gcs_tensor *t = &ways->sample->tensors[i];
    fprintf(stderr, "%s, %s, %s: tensor %zu (layout %d, %" PRIu64 " x %" PRIu64 ") differs\n",
            gcs_ways_name(ways), ways->sample->name, way, i, (int)t->layout, t->rows, t->cols);
    return false;
}

bool gcs_ways_compare(gcs_ways *ways, const bool *stepped, const char *way) {
    bool same = true;
    for (size_t i = 0; !ways->known && i < ways->sample->count; i++)
        ways->hash[i] = gcs_sample_hash(ways->sample, &ways->spec, i);
    ways->known = true;
    ways->count++;
    for (size_t i = 0; i < ways->sample->count; i++)
        same &= (stepped != NULL && !stepped[i]) || compare_tensor(ways, i, way);
    return same;
}

static bool accepts(const gcs_ways *ways, const gcs_kernel *kernel, size_t tensor) {
    return gcs_direct_accepts(kernel, &ways->spec, &ways->sample->tensors[tensor], ways->given);
}

static bool fits_some(const gcs_ways *ways, const gcs_kernel *kernel) {
    for (size_t i = 0; i < ways->sample->count; i++) {
        if (accepts(ways, kernel, i))
            return true;
    }
    return false;
}

/* Steps the tensors that the kernel accepts and compares those. */
static bool try_direct(gcs_ways *ways, const gcs_kernel *kernel, uint64_t pieces) {
    gcs_sample *sample = ways->sample;
    bool accepted[GCS_SAMPLE_MAX_TENSORS];
    char way[192];
    snprintf(way, sizeof way, "%s called directly, %" PRIu64 " pieces", kernel->name, pieces);
    gcs_sample_begin(sample, ways->given);
    for (int t = 1; t <= sample->steps; t++) {
        gcs_hyper hyper[2];
        gcs_sample_gradients(sample, ways->spec.gradient, t);
        gcs_sample_hyper(t, hyper);
        for (size_t i = 0; i < sample->count; i++) {
            const gcs_tensor *tensor = &sample->tensors[i];
            accepted[i] = accepts(ways, kernel, i);
            if (accepted[i] &&
                !gcs_direct_step(kernel, &ways->spec, tensor, i, &hyper[tensor->group],
                                 &sample->buffers[i], pieces)) {
                fprintf(stderr, "%s, %s: could not be called\n", gcs_ways_name(ways), way);
                return false;
            }
        }
    }
    return gcs_ways_compare(ways, accepted, way);
}

bool gcs_ways_kernels(gcs_ways *ways) {
    bool good = true;
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            if (!fits_some(ways, kernel))
                continue;
            good &= try_direct(ways, kernel, 4);
            if (ways->few)
                continue;
            good &= try_direct(ways, kernel, 1);
            /* A plan takes these by itself, where it cuts rows or is given means. */
            if (kernel->view != GCS_VIEW_PART && !ways->given)
                good &= gcs_ways_forced(ways, kernel->name);
        }
    }
    return good;
}

/* The large network takes its time at -O0. Its kernels differ from the small one's in where they
 * are cut. */
bool gcs_ways_large(gcs_ways *ways) {
    bool good = gcs_ways_pools(ways);
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            if (kernel->view == GCS_VIEW_PART && fits_some(ways, kernel))
                good &= try_direct(ways, kernel, 4);
        }
    }
    return good;
}
