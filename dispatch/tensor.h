/* A tensor, or the piece of it that is held, as matrices that kernels can run on. */
#ifndef GCSTEP_DISPATCH_TENSOR_H
#define GCSTEP_DISPATCH_TENSOR_H

#include <gcstep/gcstep.h>

/* One matrix, or several of one shape behind each other. */
typedef struct gcs_block {
    uint64_t at; /* element of the buffers where it begins */
    uint64_t rows, cols;
    uint64_t group;  /* its first group, counted from the first one that the piece lies in */
    uint64_t slices; /* matrices; `at` goes on by rows x cols, `group` by cols */
} gcs_block;

/* A COLS piece over several matrices: each of its ends up to a part of a row, whole rows, and a
 * part of a row; whole matrices in between. */
#define GCS_MAX_BLOCKS 7

/* GCS_OK, or GCS_INVALID_ARGUMENT with a sentence about a field of `name`, e.g. "tensors[2]"; NULL:
 * without one. The parameter group is not looked at. */
gcs_status gcs_tensor_check(const gcs_tensor *tensor, const char *name);

/* The functions below are for tensors that have passed it. */

/* The tensor with `outer` 1 where it was 0, and with its piece, also where that is all of it. */
gcs_tensor gcs_tensor_spelled_out(const gcs_tensor *tensor);

/* Elements of the piece. */
uint64_t gcs_tensor_elements(const gcs_tensor *tensor);

/* The matrices that the piece consists of, in the order in which they stand in memory. */
size_t gcs_tensor_blocks(const gcs_tensor *tensor, gcs_block blocks[GCS_MAX_BLOCKS]);

/* Whether all groups of the block are whole. */
bool gcs_block_is_whole(const gcs_tensor *tensor, const gcs_block *block);

#endif
