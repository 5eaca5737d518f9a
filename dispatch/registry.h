/* All compiled kernels, and which of them this machine may run. */
#ifndef GCSTEP_DISPATCH_REGISTRY_H
#define GCSTEP_DISPATCH_REGISTRY_H

#include "kernels/kernel.h"
#include <stdbool.h>

/* The compiled lists, portable first, in order of gcs_isa. */
size_t gcs_registry_lists(void);
const gcs_kernel_list *gcs_registry_list(size_t index);

/* The list of one ISA, or NULL where this build has none. */
const gcs_kernel_list *gcs_registry_isa(gcs_isa isa);

/* The kernel of that name, or NULL. */
const gcs_kernel *gcs_registry_find(const char *name);

/* The impl_rev of the kernel's list. */
const char *gcs_registry_impl_rev(const gcs_kernel *kernel);

/* "portable", "avx2"; NULL for another number. gcs_isa_parse is false for an unknown name. */
const char *gcs_isa_name(gcs_isa isa);
bool gcs_isa_parse(const char *name, gcs_isa *isa);

/* "sgd", "flat", "none", ... as kernel names and tables spell them; NULL for another number. */
const char *gcs_rule_name(gcs_rule rule);
const char *gcs_center_name(gcs_center center);
const char *gcs_view_name(gcs_view view);
bool gcs_rule_parse(const char *name, gcs_rule *rule);
bool gcs_center_parse(const char *name, gcs_center *center);
bool gcs_layout_parse(const char *name, gcs_layout *layout);

/* Reads "sgdm" (centred) or "<rule>_<centre>". */
bool gcs_spec_parse(const char *name, gcs_spec *spec);

/* Whether CPUID and the operating system allow the ISA (dispatch/features.c). */
bool gcs_cpu_allows(gcs_isa isa);

/* Whether the kernel is one for such a step: its op, rule, centre and view, and its limits.
 * `length` is the number of elements of a group. */
bool gcs_kernel_accepts(const gcs_kernel *kernel, gcs_op op, gcs_rule rule, gcs_center center,
                        gcs_view view, uint64_t length);

#endif
