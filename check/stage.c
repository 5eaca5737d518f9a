/* The memory of trials: see trial.h. */
#include "check/trial.h"
#include <stdlib.h>

bool gcs_stage_open(gcs_stage *stage, uint64_t floats) {
    *stage = (gcs_stage){.floats = floats};
    if (floats > SIZE_MAX / sizeof(double) - GCS_SLACK)
        return false;
    bool opened = true;
    for (int b = 0; b < GCS_BUFS; b++) {
        stage->input[b] = malloc((size_t)floats * sizeof(float));
        stage->want[b] = malloc((size_t)floats * sizeof(float));
        stage->exact[b] = malloc((size_t)floats * sizeof(double));
        opened = gcs_arena_open(&stage->arena[b], floats) && stage->input[b] && stage->want[b] &&
                 stage->exact[b] && opened;
    }
    if (!opened)
        gcs_stage_close(stage);
    return opened;
}

void gcs_stage_close(gcs_stage *stage) {
    for (int b = 0; b < GCS_BUFS; b++) {
        gcs_arena_close(&stage->arena[b]);
        free(stage->input[b]);
        free(stage->want[b]);
        free(stage->exact[b]);
    }
    *stage = (gcs_stage){0};
}
