/* The memory of trials: see trial.h. */
#include "check/trial.h"
#include <stdlib.h>

static bool open_buffer(gcs_stage *stage, int b) {
    size_t bytes = (size_t)stage->elements * sizeof(float);
    stage->input[b] = malloc(bytes);
    stage->want[b] = malloc(bytes);
    return gcs_arena_open(&stage->arena[b], stage->elements) && stage->input[b] && stage->want[b];
}

bool gcs_stage_open(gcs_stage *stage, uint64_t elements) {
    *stage = (gcs_stage){.elements = elements};
    if (elements > SIZE_MAX / sizeof(double) - GCS_SLACK)
        return false;
    bool opened = true;
    for (int b = 0; b < GCS_BUFS; b++)
        opened = open_buffer(stage, b) && opened;
    for (int e = 0; e < GCS_EXACTS; e++) {
        stage->old[e] = malloc((size_t)elements * sizeof(float));
        stage->exact[e] = malloc((size_t)elements * sizeof(double));
        opened = opened && stage->old[e] && stage->exact[e];
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
    }
    for (int e = 0; e < GCS_EXACTS; e++) {
        free(stage->old[e]);
        free(stage->exact[e]);
    }
    gcs_pool_close(stage->pools);
    *stage = (gcs_stage){0};
}
