/* gcstep: the optimizer step with Gradient Centralization (GC, arXiv 2004.01461).
 *
 * One call advances every tensor of a network by one step of SGD, SGD with momentum, Adam or
 * AdamW. In GC each weight gradient loses the mean of its *group*, the elements that feed one
 * output channel, before the optimizer's rule sees it; here that happens inside the step, so the
 * gradient is not walked over once more for it.
 *
 * Use: describe the tensors once (gcs_plan_create), then call gcs_step with the same order of
 * tensors once per training step. gcs_step_tensor is the one-call form for a single tensor.
 *
 * Every function that can fail returns a gcs_status; the sentence that says what was wrong, and
 * names the argument, is gcs_last_error() on the same thread. When a call fails nothing has been
 * written to any buffer. The library never aborts and prints only when GCSTEP_LOG asks for it.
 *
 * The result is a function of the inputs alone: the choice of kernel, the number of threads and
 * the machine change the speed and never a bit (docs/arithmetic.md).
 *
 * Environment, read when a plan is made: GCSTEP_ISA, GCSTEP_KERNEL, GCSTEP_TUNED, GCSTEP_TABLE,
 * GCSTEP_RECORD, GCSTEP_LOG (docs/environment.md). */
#ifndef GCSTEP_GCSTEP_H
#define GCSTEP_GCSTEP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GCS_VERSION_MAJOR 0
#define GCS_VERSION_MINOR 1
#define GCS_VERSION_PATCH 0

#if defined(__GNUC__)
#define GCS_API __attribute__((visibility("default")))
#else
#define GCS_API
#endif

/* ---- Status ------------------------------------------------------------------------------ */

typedef enum gcs_status {
    GCS_OK = 0,
    GCS_INVALID_ARGUMENT = 1, /* an argument is null, out of range, or two buffers overlap */
    GCS_OUT_OF_MEMORY = 2,
    GCS_UNSUPPORTED = 3,     /* this machine or this build cannot do what was asked */
    GCS_BAD_ENVIRONMENT = 4, /* a GCSTEP_* variable holds a value that it does not know */
    GCS_BUSY = 5             /* another thread is inside gcs_step with the same plan */
} gcs_status;

/* The name of a status, "GCS_OK" and so on; "unknown status" for any other number. */
GCS_API const char *gcs_status_name(gcs_status status);

/* One sentence about the last call on this thread that failed, or "" if none has. The text stays
 * valid until the next failing call on this thread. */
GCS_API const char *gcs_last_error(void);

/* "MAJOR.MINOR.PATCH" of the library that is running. */
GCS_API const char *gcs_version(void);

/* ---- What to compute --------------------------------------------------------------------- */

/* The optimizer's rule. x is the gradient after centring, lambda is weight_decay, t = 1, 2, ...
 *
 *   SGD    w -= lr x                                       buffers w g
 *   SGDM   m = momentum m + (1 - dampening) x, at t = 1 m = x;
 *          w -= lr m                                       buffers w g m
 *   ADAM   m = beta1 m + (1 - beta1) x;  v = beta2 v + (1 - beta2) x^2;
 *          w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *                                                          buffers w g m v
 *   ADAMW  as ADAM, and w -= lr lambda w_old in the same change
 *
 * In SGD, SGDM and ADAM the decay is an L2 term of the gradient, in ADAMW it is decoupled.
 * Sources: arXiv 2004.01461 (algorithms 1 and 2), 1412.6980, 1711.05101. */
typedef enum gcs_rule {
    GCS_RULE_SGD = 1,
    GCS_RULE_SGDM = 2,
    GCS_RULE_ADAM = 3,
    GCS_RULE_ADAMW = 4
} gcs_rule;

/* Where the mean of each group is taken away.
 *
 *   NONE      x = g + lambda w            (ADAMW: x = g)
 *   GRADIENT  x = Phi(g + lambda w)       (ADAMW: x = Phi(g)), the paper's form */
typedef enum gcs_center { GCS_CENTER_NONE = 0, GCS_CENTER_GRADIENT = 1 } gcs_center;

/* What stays fixed for the life of a plan. */
typedef struct gcs_spec {
    gcs_rule rule;
    gcs_center center;
} gcs_spec;

/* The specs with GCS_CENTER_GRADIENT; change .center for the plain optimizer. */
GCS_API gcs_spec gcs_spec_sgd(void);
GCS_API gcs_spec gcs_spec_sgdm(void);
GCS_API gcs_spec gcs_spec_adam(void);
GCS_API gcs_spec gcs_spec_adamw(void);

/* How the elements of a tensor form groups. */
typedef enum gcs_layout {
    GCS_LAYOUT_FLAT = 1, /* no groups: biases, norm scales; never centred */
    GCS_LAYOUT_ROWS = 2, /* each contiguous row is a group: OIHW, OHWI, (out, in) */
    GCS_LAYOUT_COLS = 3  /* each column of a row-major matrix is a group: HWIO, (in, out) */
} gcs_layout;

/* One tensor, a row-major rows x cols matrix of f32 elements without gaps. Make it with gcs_rows,
 * gcs_cols or gcs_flat, then set .group where the network has several parameter groups. */
typedef struct gcs_tensor {
    gcs_layout layout;
    uint64_t rows;  /* ROWS: number of groups.          COLS: elements of a group.  FLAT: 1 */
    uint64_t cols;  /* ROWS: elements of a group.       COLS: number of groups.     FLAT: all */
    uint32_t group; /* parameter group, at most 65,535: index into what gcs_step is given */
} gcs_tensor;

/* `channels` groups of `length` contiguous elements each. PyTorch: weight.shape[0] and
 * weight.numel() / weight.shape[0]. */
GCS_API gcs_tensor gcs_rows(uint64_t channels, uint64_t length);

/* A row-major `length` x `channels` matrix whose columns are the groups. Keras, Flax: channels is
 * the last dimension, length the product of the others. */
GCS_API gcs_tensor gcs_cols(uint64_t length, uint64_t channels);

/* `count` elements that are never centred. */
GCS_API gcs_tensor gcs_flat(uint64_t count);

/* ---- Where to compute -------------------------------------------------------------------- */

/* One task of a step. It must be called once for each index. */
typedef void gcs_task(void *arg, uint64_t index);

/* A thread pool of the caller: calls task(arg, i) once for each i in [0, count), from whichever
 * threads and in whichever order it likes, and returns when all have returned. */
typedef void gcs_parallel_for(void *pool, uint64_t count, gcs_task *task, void *arg);

/* Where and how a plan's steps run. Start from gcs_cpu() and change what differs. */
typedef struct gcs_target {
    int threads; /* 0: what OpenMP and the process' affinity allow, fewer for small plans;
                  * n: at most n, and never more than 1,024 */
    gcs_parallel_for *parallel_for; /* NULL: OpenMP (one thread where built without it) */
    void *pool;                     /* handed to parallel_for */
    const char *table;  /* NULL: the tables that the environment names, then the built-in one;
                         * "": default rule only; else this file before the built-in one */
    const char *kernel; /* NULL, or the name of the kernel to use for each tensor it fits (but not
                         * where threads share a few long rows by pieces) */
} gcs_target;

GCS_API gcs_target gcs_cpu(void);

/* ---- A plan: what is decided once -------------------------------------------------------- */

typedef struct gcs_plan gcs_plan;

/* Decides for each of `count` tensors which kernel will step it, and how the work is shared among
 * the threads. The arrays are copied; tables are read here and no file is opened later.
 *
 * On success *plan is to be freed with gcs_plan_destroy. On failure *plan is NULL.
 * Errors: GCS_INVALID_ARGUMENT (a null pointer, count 0, a size of 0 or whose bytes overflow 64
 * bits, an unknown enum value, threads < 0), GCS_UNSUPPORTED (an unknown kernel, or one
 * this machine cannot run), GCS_BAD_ENVIRONMENT, GCS_OUT_OF_MEMORY. */
GCS_API gcs_status gcs_plan_create(gcs_plan **plan, gcs_target target, const gcs_spec *spec,
                                   const gcs_tensor *tensors, size_t count);

/* Frees a plan. NULL is allowed. */
GCS_API void gcs_plan_destroy(gcs_plan *plan);

/* These take NULL for a plan of nothing: 0, NULL.
 * Number of tensors, of parameter groups (1 + the largest .group), and threads a step uses. */
GCS_API size_t gcs_plan_tensors(const gcs_plan *plan);
GCS_API size_t gcs_plan_groups(const gcs_plan *plan);
GCS_API int gcs_plan_threads(const gcs_plan *plan);

/* The name of the kernel chosen for tensor `index`, e.g. "sgdm_grad_rows_f32_avx2_pipe_u4";
 * NULL when there is no such tensor. Lives as long as the plan. */
GCS_API const char *gcs_plan_kernel(const gcs_plan *plan, size_t index);

/* Writes into text[size], always ended by '\0' when size > 0, which kernel steps tensor `index`,
 * why (forced, exact line, nearest line and how far, default line, fixed rule) and with what
 * evidence. Returns the length that the whole text has, as snprintf does; 0 when there is no such
 * tensor. */
GCS_API size_t gcs_plan_explain(const gcs_plan *plan, size_t index, char *text, size_t size);

/* ---- A step ------------------------------------------------------------------------------ */

/* The hyper-parameters of one parameter group at one step. Only what the rule uses is looked at.
 * Each must be in its range also when rounded to f32: a beta of 1 - 1e-10 is 1 there, and an lr of
 * 1e39 infinite; both are refused. Start from gcs_hyper_default(). */
typedef struct gcs_hyper {
    double lr;              /* learning rate, finite, >= 0 */
    double momentum;        /* SGDM: mu, in [0, 1) */
    double dampening;       /* SGDM: tau, in [0, 1] */
    double beta1;           /* ADAM, ADAMW: in [0, 1) */
    double beta2;           /* ADAM, ADAMW: in [0, 1) */
    double eps;             /* ADAM, ADAMW: finite, >= 0 */
    double weight_decay;    /* lambda, finite, >= 0 */
    uint64_t t;             /* number of this step, counted from 1 */
    const float *found_inf; /* NULL, or a flag: where *found_inf is not 0, the tensors of this
                             * parameter group, state included, stay as they are, bit for bit.
                             * Such a step does not count: give the same t again (a skipped t = 1
                             * leaves the state uninitialised) */
} gcs_hyper;

/* lr 1e-3, momentum .9, dampening 0, betas .9 and .999, eps 1e-8, no decay, t 1. */
GCS_API gcs_hyper gcs_hyper_default(void);

/* The buffers of one tensor, all of its rows x cols elements long, aligned for f32 and apart from
 * each other. At t = 1 the state (m, v) is taken as zero: it is written, never read, so it needs
 * no initialisation. State below 2^-126 in magnitude is stored as +0. */
typedef struct gcs_buffers {
    float *w;      /* weights, updated */
    const void *g; /* gradient, f32, read */
    float *m;      /* momentum or first moment; NULL allowed where the rule has none */
    float *v;      /* second moment; NULL allowed where the rule has none */
} gcs_buffers;

/* One optimizer step over all tensors of the plan. `hyper` has gcs_plan_groups entries, `buffers`
 * gcs_plan_tensors, in the order of gcs_plan_create. NaN and Inf in g go where the formula sends
 * them. A plan serves one step at a time.
 *
 * Errors, all found before anything is written: GCS_INVALID_ARGUMENT (a null or misaligned
 * pointer, two overlapping buffers of one tensor, a hyper-parameter out of range or not a number,
 * t = 0), GCS_BUSY. */
GCS_API gcs_status gcs_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers);

/* The same for one tensor, for trainers that update tensor by tensor. The plan for each (spec,
 * shape) is made at the first call and kept; any thread may call. Errors as gcs_plan_create and
 * gcs_step. `tensor->group` is not looked at. */
GCS_API gcs_status gcs_step_tensor(const gcs_spec *spec, const gcs_tensor *tensor,
                                   const gcs_hyper *hyper, const gcs_buffers *buffers);

/* Frees the plans that gcs_step_tensor keeps. Not while a gcs_step_tensor is running. */
GCS_API void gcs_step_tensor_forget(void);

#ifdef __cplusplus
}
#endif
#endif
