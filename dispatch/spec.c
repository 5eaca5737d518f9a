/* The constructors of the public structs, and what a spec needs. */
#include "dispatch/plan.h"

static gcs_spec centred(gcs_rule rule) {
    return (gcs_spec){.rule = rule, .center = GCS_CENTER_GRADIENT};
}

gcs_spec gcs_spec_sgd(void) {
    return centred(GCS_RULE_SGD);
}
gcs_spec gcs_spec_sgdm(void) {
    return centred(GCS_RULE_SGDM);
}
gcs_spec gcs_spec_nesterov(void) {
    return centred(GCS_RULE_NESTEROV);
}
gcs_spec gcs_spec_sgdw(void) {
    return centred(GCS_RULE_SGDW);
}
gcs_spec gcs_spec_sgdmw(void) {
    return centred(GCS_RULE_SGDMW);
}
gcs_spec gcs_spec_nesterovw(void) {
    return centred(GCS_RULE_NESTEROVW);
}
gcs_spec gcs_spec_adam(void) {
    return centred(GCS_RULE_ADAM);
}
gcs_spec gcs_spec_adamw(void) {
    return centred(GCS_RULE_ADAMW);
}
gcs_spec gcs_spec_amsgrad(void) {
    return centred(GCS_RULE_AMSGRAD);
}
gcs_spec gcs_spec_amsgradw(void) {
    return centred(GCS_RULE_AMSGRADW);
}
gcs_spec gcs_spec_adagrad(void) {
    return centred(GCS_RULE_ADAGRAD);
}

gcs_target gcs_cpu(void) {
    return (gcs_target){.threads = 0};
}

gcs_hyper gcs_hyper_default(void) {
    return (gcs_hyper){
        .lr = 1e-3, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .t = 1};
}

bool gcs_rule_has_m(gcs_rule rule) {
    return rule != GCS_RULE_SGD && rule != GCS_RULE_SGDW && rule != GCS_RULE_ADAGRAD;
}

bool gcs_rule_has_v_max(gcs_rule rule) {
    return rule == GCS_RULE_AMSGRAD || rule == GCS_RULE_AMSGRADW;
}

bool gcs_rule_has_v(gcs_rule rule) {
    return rule == GCS_RULE_ADAM || rule == GCS_RULE_ADAMW || rule == GCS_RULE_ADAGRAD ||
           gcs_rule_has_v_max(rule);
}

bool gcs_rule_is_decoupled(gcs_rule rule) {
    return rule == GCS_RULE_SGDW || rule == GCS_RULE_SGDMW || rule == GCS_RULE_NESTEROVW ||
           rule == GCS_RULE_ADAMW || rule == GCS_RULE_AMSGRADW;
}

unsigned gcs_type_bytes(gcs_type type) {
    return type == GCS_TYPE_F32 ? 4 : 2;
}

unsigned gcs_copy_bytes(gcs_copy copy) {
    return copy == GCS_COPY_NONE ? 0 : 2;
}

unsigned gcs_spec_bytes(const gcs_spec *spec) {
    const unsigned read_write = 8;
    const bool buffers[] = {true, gcs_rule_has_m(spec->rule), gcs_rule_has_v(spec->rule),
                            gcs_rule_has_v_max(spec->rule)};
    unsigned bytes = gcs_type_bytes(spec->gradient) + gcs_copy_bytes(spec->copy);
    for (unsigned i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        bytes += buffers[i] ? read_write : 0;
    return bytes;
}
