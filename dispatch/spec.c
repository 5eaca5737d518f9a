/* The constructors of the public structs, and what a rule needs. */
#include "dispatch/plan.h"

gcs_spec gcs_spec_sgd(void) {
    return (gcs_spec){GCS_RULE_SGD, GCS_CENTER_GRADIENT};
}
gcs_spec gcs_spec_sgdm(void) {
    return (gcs_spec){GCS_RULE_SGDM, GCS_CENTER_GRADIENT};
}
gcs_spec gcs_spec_adam(void) {
    return (gcs_spec){GCS_RULE_ADAM, GCS_CENTER_GRADIENT};
}
gcs_spec gcs_spec_adamw(void) {
    return (gcs_spec){GCS_RULE_ADAMW, GCS_CENTER_GRADIENT};
}

gcs_tensor gcs_rows(uint64_t channels, uint64_t length) {
    return (gcs_tensor){.layout = GCS_LAYOUT_ROWS, .rows = channels, .cols = length};
}

gcs_tensor gcs_cols(uint64_t length, uint64_t channels) {
    return (gcs_tensor){.layout = GCS_LAYOUT_COLS, .rows = length, .cols = channels};
}

gcs_tensor gcs_flat(uint64_t count) {
    return (gcs_tensor){.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = count};
}

gcs_target gcs_cpu(void) {
    return (gcs_target){.threads = 0};
}

gcs_hyper gcs_hyper_default(void) {
    return (gcs_hyper){
        .lr = 1e-3, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .t = 1};
}

bool gcs_rule_has_m(gcs_rule rule) {
    return rule != GCS_RULE_SGD;
}

bool gcs_rule_has_v(gcs_rule rule) {
    return rule == GCS_RULE_ADAM || rule == GCS_RULE_ADAMW;
}

unsigned gcs_rule_bytes(gcs_rule rule) {
    const unsigned read_g_read_write_w = 12, read_write_state = 8;
    return read_g_read_write_w + (gcs_rule_has_m(rule) ? read_write_state : 0) +
           (gcs_rule_has_v(rule) ? read_write_state : 0);
}
