/* Launches on any device: see launch.h. */
#include "check/launch.h"

#include <math.h>

/* ---- The draws -------------------------------------------------------------------------------
 */

/* The z of which `x` is z ^ z >> n. */
static uint64_t unshift(uint64_t x, int n) {
    uint64_t z = x;
    for (int known = n; known < 64; known += n)
        z = x ^ z >> n;
    return z;
}

/* Splitmix64's finish, backwards. The factors are the inverses of its own, modulo 2^64. */
uint64_t gcs_launch_draw_for(const uint32_t key[2], uint32_t id) {
    uint64_t z = unshift(key[0] | (uint64_t)key[1] << 32, 31);
    z = unshift(z * 0x319642b2d24d8ec3, 27);
    z = unshift(z * 0x96de1b173f119089, 30);
    return (z - 0x9e3779b97f4a7c15) ^ id;
}

float gcs_launch_found_inf(uint64_t number) {
    static const float found[] = {1, -1, NAN, INFINITY, 0x1p-140F};
    return found[number % (sizeof found / sizeof found[0])];
}

/* ---- What the launch steps -------------------------------------------------------------------
 */

bool gcs_launch_can_halve(const gcs_kernel *row, const gcs_args *a) {
    const uint64_t units = row->view == GCS_VIEW_ROWS ? a->rows : a->cols;
    const bool steps = row->op == GCS_OP_STEP || row->op == GCS_OP_TRAFFIC;
    return steps && !row->means_given && row->view != GCS_VIEW_COLS && a->first == 0 &&
           a->last == units && units % 2 == 0;
}

gcs_launch_units gcs_launch_halve(const gcs_kernel *row, uint64_t *rows, uint64_t *cols) {
    uint64_t *units = row->view == GCS_VIEW_ROWS ? rows : cols;
    *units /= 2;
    return (gcs_launch_units){2, 0, *units};
}

static bool is_all_columns(const gcs_args *a) {
    return a->first == 0 && a->last == a->cols;
}

uint64_t gcs_launch_stretches(const gcs_kernel *row, const gcs_args *a) {
    const bool columns = row->view == GCS_VIEW_COLS;
    return row->means_given && columns && !is_all_columns(a) ? a->rows : 1;
}

gcs_launch_units gcs_launch_stretch(const gcs_kernel *row, const gcs_args *a, uint64_t index) {
    if (row->view == GCS_VIEW_PART)
        return (gcs_launch_units){1, a->first / GCS_SEGMENT, (a->last - 1) / GCS_SEGMENT + 1};
    if (!row->means_given)
        return (gcs_launch_units){1, a->first, a->last};
    if (row->view == GCS_VIEW_ROWS)
        return (gcs_launch_units){1, a->first * a->cols, a->last * a->cols};
    if (is_all_columns(a))
        return (gcs_launch_units){1, 0, a->rows * a->cols};
    return (gcs_launch_units){1, index * a->cols + a->first, index * a->cols + a->last};
}
