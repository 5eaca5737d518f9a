/* A linear model y = W x + b, fitted to noisy samples by SGD with momentum, once plain and once
 * with Gradient Centralization (GC).
 *
 * GC takes the mean of each row off the gradient of W, so a step cannot move the mean of a row of
 * weights: it stays at its first value but for rounding. The program shows that, and the loss
 * falling, and exits with 1 if either is not so. */
#include <gcstep/gcstep.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUTS = 8, INPUTS = 32, SAMPLES = 256, STEPS = 200, SHOW_EVERY = 40 };

/* W and b, or the same for their gradients and momenta. */
typedef struct parameters {
    float weight[OUTPUTS * INPUTS];
    float bias[OUTPUTS];
} parameters;

static float inputs[SAMPLES][INPUTS];
static float targets[SAMPLES][OUTPUTS];

/* Uniform in [-1, 1), the same numbers in every run. */
static float next_random(void) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

static float predict(const parameters *model, int output, const float *x) {
    float y = model->bias[output];
    for (int i = 0; i < INPUTS; i++)
        y += model->weight[output * INPUTS + i] * x[i];
    return y;
}

static void make_samples(void) {
    parameters truth;
    for (int i = 0; i < OUTPUTS * INPUTS; i++)
        truth.weight[i] = next_random();
    for (int i = 0; i < OUTPUTS; i++)
        truth.bias[i] = next_random();
    for (int s = 0; s < SAMPLES; s++) {
        for (int i = 0; i < INPUTS; i++)
            inputs[s][i] = next_random();
        for (int o = 0; o < OUTPUTS; o++)
            targets[s][o] = predict(&truth, o, inputs[s]) + 0.01f * next_random();
    }
}

/* Mean squared error over the samples, halved, and its gradient. */
static double loss_and_gradient(const parameters *model, parameters *gradient) {
    double loss = 0;
    memset(gradient, 0, sizeof *gradient);
    for (int s = 0; s < SAMPLES; s++) {
        for (int o = 0; o < OUTPUTS; o++) {
            float error = predict(model, o, inputs[s]) - targets[s][o];
            loss += 0.5 * error * error / SAMPLES;
            for (int i = 0; i < INPUTS; i++)
                gradient->weight[o * INPUTS + i] += error * inputs[s][i] / SAMPLES;
            gradient->bias[o] += error / SAMPLES;
        }
    }
    return loss;
}

static double row_mean(const parameters *model, int row) {
    double sum = 0;
    for (int i = 0; i < INPUTS; i++)
        sum += model->weight[row * INPUTS + i];
    return sum / INPUTS;
}

/* How far the mean of the row that moved most is from where it began. */
static double largest_drift(const parameters *model, const parameters *first) {
    double largest = 0;
    for (int row = 0; row < OUTPUTS; row++)
        largest = fmax(largest, fabs(row_mean(model, row) - row_mean(first, row)));
    return largest;
}

static double largest_magnitude(const float *values, int count) {
    double largest = 0;
    for (int i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)values[i]));
    return largest;
}

/* What came out of a training run. */
typedef struct outcome {
    double first_loss, last_loss;
    double drift;    /* of the row mean that moved most */
    double rounding; /* how far the rounding of all steps could have moved it */
} outcome;

static int train(gcs_center center, outcome *out) {
    static parameters model, first, gradient, momentum;
    for (int i = 0; i < OUTPUTS * INPUTS; i++)
        model.weight[i] = 0.1f * next_random();
    memset(model.bias, 0, sizeof model.bias);
    first = model;

    gcs_spec spec = gcs_spec_sgdm();
    spec.center = center;
    const gcs_tensor tensors[] = {gcs_rows(OUTPUTS, INPUTS), gcs_flat(OUTPUTS)};
    gcs_plan *plan;
    if (gcs_plan_create(&plan, gcs_cpu(), &spec, tensors, 2) != GCS_OK) {
        fprintf(stderr, "gcs_plan_create: %s\n", gcs_last_error());
        return 1;
    }
    const gcs_buffers buffers[] = {
        {.w = model.weight, .g = gradient.weight, .m = momentum.weight},
        {.w = model.bias, .g = gradient.bias, .m = momentum.bias},
    };
    gcs_hyper hyper = gcs_hyper_default();
    hyper.lr = 0.05;

    printf("%s, weights stepped by %s\n", center == GCS_CENTER_NONE ? "plain" : "with GC",
           gcs_plan_kernel(plan, 0));
    *out = (outcome){0};
    for (int step = 1; step <= STEPS; step++) {
        out->last_loss = loss_and_gradient(&model, &gradient);
        if (step == 1)
            out->first_loss = out->last_loss;
        if (step == 1 || step % SHOW_EVERY == 0)
            printf("  step %3d  loss %10.6f  row means moved by at most %.1e\n", step,
                   out->last_loss, largest_drift(&model, &first));
        hyper.t = (uint64_t)step;
        if (gcs_step(plan, &hyper, buffers) != GCS_OK) {
            fprintf(stderr, "gcs_step: %s\n", gcs_last_error());
            gcs_plan_destroy(plan);
            return 1;
        }
        /* Each w is rounded once in a step, by at most 2^-24 of it. A gradient enters the weights
         * 1 / (1 - momentum) times, and all the roundings of its row mean and of the momenta that
         * it is part of are below 32 x 2^-24 of it. */
        out->rounding += ldexp(largest_magnitude(model.weight, OUTPUTS * INPUTS), -24) +
                         ldexp(largest_magnitude(gradient.weight, OUTPUTS * INPUTS), -19) *
                             hyper.lr / (1 - hyper.momentum);
    }
    out->drift = largest_drift(&model, &first);
    gcs_plan_destroy(plan);
    return 0;
}

int main(void) {
    outcome plain, centred;
    make_samples();
    if (train(GCS_CENTER_NONE, &plain) != 0 || train(GCS_CENTER_GRADIENT, &centred) != 0)
        return 1;

    int falls = centred.last_loss < 0.1 * centred.first_loss;
    int stands = centred.drift <= centred.rounding;
    printf("with GC: loss %.4f -> %.4f (%s), row means moved by %.1e, rounding allows %.1e (%s);\n"
           "without: row means moved by %.1e\n",
           centred.first_loss, centred.last_loss, falls ? "falls" : "DOES NOT FALL", centred.drift,
           centred.rounding, stands ? "they stand still" : "THEY MOVE", plain.drift);
    return falls && stands ? 0 : 1;
}
