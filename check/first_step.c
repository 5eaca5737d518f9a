/* The state at t = 1: see first_step.h. */
#include "check/first_step.h"

#include <math.h>
#include <string.h>

/* The stretches that the range consists of. */
typedef struct stretches {
    uint64_t first, length, stride, count;
} stretches;

static stretches stretches_of(gcs_view view, const gcs_args *a) {
    if (view == GCS_VIEW_ROWS)
        return (stretches){a->first * a->cols, (a->last - a->first) * a->cols, 0, 1};
    if (view == GCS_VIEW_COLS)
        return (stretches){a->first, a->last - a->first, a->cols, a->rows};
    return (stretches){a->first, a->last - a->first, 0, 1};
}

static bool is_zero(const float *state, const stretches *s) {
    for (uint64_t i = 0; i < s->count; i++) {
        const float *x = state + s->first + i * s->stride;
        for (uint64_t k = 0; k < s->length; k++) {
            uint32_t bits;
            memcpy(&bits, x + k, sizeof bits);
            if (bits != 0)
                return false;
        }
    }
    return true;
}

static void hide(float *state, const stretches *s) {
    for (uint64_t i = 0; i < s->count; i++) {
        for (uint64_t k = 0; k < s->length; k++)
            state[s->first + i * s->stride + k] = NAN;
    }
}

bool gcs_hide_first_state(gcs_view view, const gcs_args *a) {
    float *const states[] = {a->m, a->v, a->v_max};
    const stretches s = stretches_of(view, a);
    bool any = false;
    for (int i = 0; i < 3; i++) {
        if (states[i] != NULL && !is_zero(states[i], &s))
            return false;
        any = any || states[i] != NULL;
    }
    for (int i = 0; i < 3 && any; i++) {
        if (states[i] != NULL)
            hide(states[i], &s);
    }
    return any;
}
