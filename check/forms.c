/* The forms of a kernel: see forms.h. */
#include "check/forms.h"

static const gcs_rule rules[] = {
    GCS_RULE_SGD,      GCS_RULE_SGDM,     GCS_RULE_ADAM,    GCS_RULE_ADAMW,
    GCS_RULE_NESTEROV, GCS_RULE_SGDW,     GCS_RULE_SGDMW,   GCS_RULE_NESTEROVW,
    GCS_RULE_AMSGRAD,  GCS_RULE_AMSGRADW, GCS_RULE_ADAGRAD,
};
static const gcs_type types[] = {GCS_TYPE_F32, GCS_TYPE_BF16, GCS_TYPE_F16};
static const gcs_copy copies[] = {GCS_COPY_NONE, GCS_COPY_BF16, GCS_COPY_F16,
                                  GCS_COPY_BF16_STOCHASTIC, GCS_COPY_F16_STOCHASTIC};
enum {
    RULES = sizeof rules / sizeof rules[0],
    TYPES = sizeof types / sizeof types[0],
    COPIES = sizeof copies / sizeof copies[0]
};

/* The centres that a general kernel takes, as a set of bits. */
static unsigned centers_of(const gcs_kernel *kernel) {
    const unsigned none = 1U << GCS_CENTER_NONE, gradient = 1U << GCS_CENTER_GRADIENT,
                   raw = 1U << GCS_CENTER_RAW_GRADIENT, update = 1U << GCS_CENTER_UPDATE;
    if (kernel->op == GCS_OP_MEASURE)
        return none | gradient | raw | update;
    if (kernel->means_given)
        return gradient | raw | update;
    return kernel->center == GCS_CENTER_GRADIENT ? gradient | raw : 1U << kernel->center;
}

static unsigned count_bits(unsigned set) {
    unsigned count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

/* Member `index` of a set. */
static unsigned bit_at(unsigned set, unsigned index) {
    unsigned bit = 0;
    for (;; bit++) {
        if ((set >> bit & 1) && index-- == 0)
            return bit;
    }
}

unsigned gcs_forms_pairs(const gcs_kernel *kernel) {
    if (!kernel->general)
        return 1;
    unsigned centers = count_bits(centers_of(kernel));
    return kernel->op == GCS_OP_MEASURE ? centers : RULES * centers;
}

unsigned gcs_forms_kinds(const gcs_kernel *kernel) {
    return kernel->general ? TYPES * COPIES : 1;
}

gcs_form gcs_forms_at(const gcs_kernel *kernel, unsigned pair, unsigned kind) {
    if (!kernel->general)
        return (gcs_form){kernel->rule, kernel->center, GCS_TYPE_F32, GCS_COPY_NONE};
    unsigned centers = centers_of(kernel), count = count_bits(centers);
    return (gcs_form){.rule = rules[pair / count],
                      .center = (gcs_center)bit_at(centers, pair % count),
                      .gradient = types[kind % TYPES],
                      .copy = copies[kind / TYPES]};
}
