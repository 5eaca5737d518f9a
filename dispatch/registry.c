/* The compiled kernel lists, and the names that kernels and tables are spelled with. */
#include "dispatch/registry.h"

#include "dispatch/plan.h"
#include <stdio.h>
#include <string.h>

#define COUNT_OF_COPIES 5 /* of gcs_copy */

/* One line per ISA, in the order of gcs_isa: later ones are preferred where both are allowed. */
static const gcs_kernel_list *const lists[] = {
    &gcs_kernels_portable,
#ifdef GCSTEP_HAVE_AVX2
    &gcs_kernels_avx2,
#endif
#ifdef GCSTEP_HAVE_AVX512
    &gcs_kernels_avx512,
#endif
#ifdef GCSTEP_HAVE_NEON
    &gcs_kernels_neon,
#endif
};

static const char *const isa_names[] = {
    [GCS_ISA_PORTABLE] = "portable",
    [GCS_ISA_AVX2] = "avx2",
    [GCS_ISA_AVX512] = "avx512",
    [GCS_ISA_NEON] = "neon",
};
static const char *const rule_names[] = {
    [GCS_RULE_SGD] = "sgd",           [GCS_RULE_SGDM] = "sgdm",
    [GCS_RULE_ADAM] = "adam",         [GCS_RULE_ADAMW] = "adamw",
    [GCS_RULE_NESTEROV] = "nesterov", [GCS_RULE_SGDW] = "sgdw",
    [GCS_RULE_SGDMW] = "sgdmw",       [GCS_RULE_NESTEROVW] = "nesterovw",
    [GCS_RULE_AMSGRAD] = "amsgrad",   [GCS_RULE_AMSGRADW] = "amsgradw",
    [GCS_RULE_ADAGRAD] = "adagrad",
};
static const char *const center_names[] = {
    [GCS_CENTER_NONE] = "none",
    [GCS_CENTER_GRADIENT] = "grad",
    [GCS_CENTER_RAW_GRADIENT] = "raw",
    [GCS_CENTER_UPDATE] = "update",
};
static const char *const view_names[] = {
    [GCS_VIEW_FLAT] = "flat",
    [GCS_VIEW_ROWS] = "rows",
    [GCS_VIEW_COLS] = "cols",
    [GCS_VIEW_PART] = "part",
};
static const char *const type_names[] = {
    [GCS_TYPE_F32] = "f32",
    [GCS_TYPE_BF16] = "bf16",
    [GCS_TYPE_F16] = "f16",
};
static const char *const copy_names[] = {
    [GCS_COPY_NONE] = "none",
    [GCS_COPY_BF16] = "bf16",
    [GCS_COPY_F16] = "f16",
    [GCS_COPY_BF16_STOCHASTIC] = "bf16s",
    [GCS_COPY_F16_STOCHASTIC] = "f16s",
};
static const char *const types_names[][COUNT_OF_COPIES] = {
    [GCS_TYPE_F32] = {"f32", "f32-bf16", "f32-f16", "f32-bf16s", "f32-f16s"},
    [GCS_TYPE_BF16] = {"bf16", "bf16-bf16", "bf16-f16", "bf16-bf16s", "bf16-f16s"},
    [GCS_TYPE_F16] = {"f16", "f16-bf16", "f16-f16", "f16-bf16s", "f16-f16s"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Index 0 of an array may be unused (NULL). */
static const char *name_of(const char *const *names, size_t count, size_t number) {
    return number < count ? names[number] : NULL;
}

static bool number_of(const char *const *names, size_t count, const char *name, size_t *number) {
    for (size_t i = 0; i < count; i++) {
        if (names[i] != NULL && strcmp(names[i], name) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

size_t gcs_registry_lists(void) {
    return COUNT(lists);
}

const gcs_kernel_list *gcs_registry_list(size_t index) {
    return index < COUNT(lists) ? lists[index] : NULL;
}

const gcs_kernel_list *gcs_registry_isa(gcs_isa isa) {
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (lists[i]->isa == isa)
            return lists[i];
    }
    return NULL;
}

const gcs_kernel *gcs_registry_find(const char *name) {
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            if (strcmp(lists[i]->kernels[k].name, name) == 0)
                return &lists[i]->kernels[k];
        }
    }
    return NULL;
}

const char *gcs_registry_impl_rev(const gcs_kernel *kernel) {
    const gcs_kernel_list *list = gcs_registry_isa(kernel->isa);
    return list != NULL ? list->impl_rev : "-";
}

bool gcs_isa_is_of_this_architecture(gcs_isa isa) {
#if defined(__x86_64__)
    return isa != GCS_ISA_NEON;
#elif defined(__aarch64__)
    return isa == GCS_ISA_PORTABLE || isa == GCS_ISA_NEON;
#else
    return isa == GCS_ISA_PORTABLE;
#endif
}

const char *gcs_isa_name(gcs_isa isa) {
    return name_of(isa_names, COUNT(isa_names), (size_t)isa);
}
const char *gcs_rule_name(gcs_rule rule) {
    return name_of(rule_names, COUNT(rule_names), (size_t)rule);
}
const char *gcs_center_name(gcs_center center) {
    return name_of(center_names, COUNT(center_names), (size_t)center);
}
const char *gcs_view_name(gcs_view view) {
    return name_of(view_names, COUNT(view_names), (size_t)view);
}

const char *gcs_type_name(gcs_type type) {
    return name_of(type_names, COUNT(type_names), (size_t)type);
}
const char *gcs_copy_name(gcs_copy copy) {
    return name_of(copy_names, COUNT(copy_names), (size_t)copy);
}

const char *gcs_types_name(gcs_type gradient, gcs_copy copy) {
    return (size_t)gradient < COUNT(types_names) && (size_t)copy < COUNT_OF_COPIES
               ? types_names[gradient][copy]
               : NULL;
}

bool gcs_isa_parse(const char *name, gcs_isa *isa) {
    size_t number;
    if (!number_of(isa_names, COUNT(isa_names), name, &number))
        return false;
    *isa = (gcs_isa)number;
    return true;
}

bool gcs_rule_parse(const char *name, gcs_rule *rule) {
    size_t number;
    if (!number_of(rule_names, COUNT(rule_names), name, &number))
        return false;
    *rule = (gcs_rule)number;
    return true;
}

bool gcs_center_parse(const char *name, gcs_center *center) {
    size_t number;
    if (!number_of(center_names, COUNT(center_names), name, &number))
        return false;
    *center = (gcs_center)number;
    return true;
}

bool gcs_layout_parse(const char *name, gcs_layout *layout) {
    size_t number;
    if (!number_of(view_names, COUNT(view_names), name, &number) || number == GCS_VIEW_PART)
        return false;
    *layout = (gcs_layout)number;
    return true;
}

bool gcs_types_parse(const char *name, gcs_type *gradient, gcs_copy *copy) {
    for (size_t g = 0; g < COUNT(types_names); g++) {
        size_t c;
        if (number_of(types_names[g], COUNT_OF_COPIES, name, &c)) {
            *gradient = (gcs_type)g;
            *copy = (gcs_copy)c;
            return true;
        }
    }
    return false;
}

bool gcs_spec_parse(const char *name, gcs_spec *spec) {
    char text[64];
    if (strlen(name) >= sizeof text)
        return false;
    strcpy(text, name);
    char *center = strchr(text, '_'), *types = NULL;
    if (center != NULL) {
        *center++ = '\0';
        types = strchr(center, '_');
    }
    if (types != NULL)
        *types++ = '\0';
    *spec = (gcs_spec){.center = GCS_CENTER_GRADIENT};
    return gcs_rule_parse(text, &spec->rule) &&
           (center == NULL || gcs_center_parse(center, &spec->center)) &&
           (types == NULL || gcs_types_parse(types, &spec->gradient, &spec->copy));
}

void gcs_spec_format(const gcs_spec *spec, char name[GCS_SPEC_NAME]) {
    const bool plain = spec->gradient == GCS_TYPE_F32 && spec->copy == GCS_COPY_NONE;
    snprintf(name, GCS_SPEC_NAME, "%s_%s%s%s", gcs_rule_name(spec->rule),
             gcs_center_name(spec->center), plain ? "" : "_",
             plain ? "" : gcs_types_name(spec->gradient, spec->copy));
}

gcs_form gcs_spec_form(const gcs_spec *spec, bool centred) {
    gcs_center center = centred ? spec->center : GCS_CENTER_NONE;
    if (center == GCS_CENTER_RAW_GRADIENT && gcs_rule_is_decoupled(spec->rule))
        center = GCS_CENTER_GRADIENT;
    return (gcs_form){spec->rule, center, spec->gradient, spec->copy};
}

/* A general kernel for GRADIENT does RAW_GRADIENT too. */
static bool general_center_fits(gcs_center kernel, gcs_center needed) {
    return kernel == needed || (kernel == GCS_CENTER_GRADIENT && needed == GCS_CENTER_RAW_GRADIENT);
}

static bool form_fits(const gcs_kernel *kernel, const gcs_form *form) {
    if (kernel->means_given && kernel->general)
        return form->center != GCS_CENTER_NONE;
    if (kernel->general)
        return general_center_fits(kernel->center, form->center);
    return kernel->rule == form->rule && kernel->center == form->center &&
           form->gradient == GCS_TYPE_F32 && form->copy == GCS_COPY_NONE;
}

bool gcs_form_is_specialised(const gcs_form *form) {
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            const gcs_kernel *kernel = &lists[i]->kernels[k];
            if (kernel->op == GCS_OP_STEP && !kernel->general && form_fits(kernel, form))
                return true;
        }
    }
    return false;
}

bool gcs_kernel_accepts(const gcs_kernel *kernel, const gcs_need *need) {
    if (kernel->op != need->op || kernel->view != need->view ||
        kernel->means_given != need->means_given ||
        (kernel->max_length != 0 && need->length > kernel->max_length))
        return false;
    return need->op == GCS_OP_MEASURE || form_fits(kernel, &need->form);
}
