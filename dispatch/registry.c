/* The compiled kernel lists, and the names that kernels and tables are spelled with. */
#include "dispatch/registry.h"

#include <string.h>

/* One line per ISA, in the order of gcs_isa: later ones are preferred where both are allowed. */
static const gcs_kernel_list *const lists[] = {
    &gcs_kernels_portable,
#ifdef GCSTEP_HAVE_AVX2
    &gcs_kernels_avx2,
#endif
};

static const char *const isa_names[] = {
    [GCS_ISA_PORTABLE] = "portable",
    [GCS_ISA_AVX2] = "avx2",
};
static const char *const rule_names[] = {
    [GCS_RULE_SGD] = "sgd",
    [GCS_RULE_SGDM] = "sgdm",
    [GCS_RULE_ADAM] = "adam",
    [GCS_RULE_ADAMW] = "adamw",
};
static const char *const center_names[] = {
    [GCS_CENTER_NONE] = "none",
    [GCS_CENTER_GRADIENT] = "grad",
};
static const char *const view_names[] = {
    [GCS_VIEW_FLAT] = "flat",
    [GCS_VIEW_ROWS] = "rows",
    [GCS_VIEW_COLS] = "cols",
    [GCS_VIEW_PART] = "part",
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

bool gcs_spec_parse(const char *name, gcs_spec *spec) {
    char rule[16];
    const char *separator = strchr(name, '_');
    const size_t length = separator != NULL ? (size_t)(separator - name) : strlen(name);
    if (length >= sizeof rule)
        return false;
    memcpy(rule, name, length);
    rule[length] = '\0';
    if (!gcs_rule_parse(rule, &spec->rule))
        return false;
    spec->center = GCS_CENTER_GRADIENT;
    return separator == NULL || gcs_center_parse(separator + 1, &spec->center);
}

bool gcs_kernel_accepts(const gcs_kernel *kernel, gcs_op op, gcs_rule rule, gcs_center center,
                        gcs_view view, uint64_t length) {
    return kernel->op == op && kernel->rule == rule && kernel->center == center &&
           kernel->view == view && (kernel->max_length == 0 || length <= kernel->max_length);
}
