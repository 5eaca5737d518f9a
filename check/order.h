/* The order of summation S of docs/arithmetic.md, one element at a time. */
#ifndef GCSTEP_CHECK_ORDER_H
#define GCSTEP_CHECK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/* Sum of one segment of n <= GCS_SEGMENT elements of a contiguous group. */
float gcs_order_segment(const float *y, uint64_t n);

/* S of a group of n > 0 elements that stand one after the other in y, summed as a contiguous group
 * (a row) or as a strided one (a column). Overwrites y. */
float gcs_order_sum(float *y, uint64_t n, bool contiguous);

/* The most rounded additions that any one element goes through on its way into S. */
uint64_t gcs_order_depth(uint64_t n, bool contiguous);

#endif
