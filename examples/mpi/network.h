/* The parameter tensors of a network, read from a file of shapes. */
#ifndef NETWORK_H
#define NETWORK_H

#include <gcstep/gcstep.h>

/* All parameters one after the other, as ZeRO and FSDP see them. */
typedef struct network {
    size_t count;
    gcs_tensor *tensors;
    uint64_t *begin;   /* count + 1 entries: where each tensor begins, and the end */
    uint64_t elements; /* begin[count] */
} network;

/* Reads a file like share/gcstep/models/resnet50.txt: one tensor per line, "name dims kind layout"
 * separated by tabs, dims like 64x3x7x7; '#' begins a comment. Returns false after a message on
 * stderr. */
bool network_read(const char *path, network *net);

void network_free(network *net);

#endif
