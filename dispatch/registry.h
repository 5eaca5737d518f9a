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

/* "portable", "avx2", "avx512", "neon"; NULL for another number. gcs_isa_parse is false for an unknown
 * name. */
const char *gcs_isa_name(gcs_isa isa);
bool gcs_isa_parse(const char *name, gcs_isa *isa);

/* Whether some machine of the architecture that this was compiled for may allow it. */
bool gcs_isa_is_of_this_architecture(gcs_isa isa);

/* "sgd", "flat", "none", ... as kernel names and tables spell them; NULL for another number. */
const char *gcs_rule_name(gcs_rule rule);
const char *gcs_center_name(gcs_center center);
const char *gcs_view_name(gcs_view view);
const char *gcs_type_name(gcs_type type);
const char *gcs_copy_name(gcs_copy copy);
bool gcs_rule_parse(const char *name, gcs_rule *rule);
bool gcs_center_parse(const char *name, gcs_center *center);
bool gcs_layout_parse(const char *name, gcs_layout *layout);

/* The types of a spec as tables and programs spell them: the gradient's type, and behind a '-' the
 * copy where there is one, with an s where it is stochastic: "f32", "f32-bf16", "bf16-bf16s". The
 * name lives as long as the program. */
const char *gcs_types_name(gcs_type gradient, gcs_copy copy);
bool gcs_types_parse(const char *name, gcs_type *gradient, gcs_copy *copy);

/* Reads "<rule>[_<centre>[_<types>]]", e.g. "sgdm", "adamw_update", "adamw_grad_bf16-bf16"; without
 * them grad and f32. The other fields of the spec become zero. */
bool gcs_spec_parse(const char *name, gcs_spec *spec);

/* The name that gcs_spec_parse reads, without f32: "sgdm_grad", "adamw_update_bf16-bf16". */
#define GCS_SPEC_NAME 48
void gcs_spec_format(const gcs_spec *spec, char name[GCS_SPEC_NAME]);

/* Whether the processor and the operating system allow the ISA (dispatch/features.c). */
bool gcs_cpu_allows(gcs_isa isa);

/* What a kernel is wanted for. */
typedef struct gcs_need {
    gcs_op op;
    gcs_form form;
    bool means_given; /* STEP: the caller has the means */
    gcs_view view;
    uint64_t length; /* elements of a group */
} gcs_need;

/* Whether the kernel does what is needed: by itself if it is specialised, or as a general one. */
bool gcs_kernel_accepts(const gcs_kernel *kernel, const gcs_need *need);

/* The longest row that is short: the fixed rule steps several such rows at a time, in tiles where an
 * ISA has them and in blocks elsewhere. General kernels have no tiles. */
#define GCS_SHORT_ROW         64
#define GCS_SHORT_ROW_GENERAL 63

/* Whether this build has kernels of the form's own; of others general kernels do the steps. */
bool gcs_form_is_specialised(const gcs_form *form);

/* The form in which kernels see a spec: RAW_GRADIENT becomes GRADIENT where the rule has no L2 term
 * (they are the same there), and any centre NONE where `centred` is false. */
gcs_form gcs_spec_form(const gcs_spec *spec, bool centred);

#endif
