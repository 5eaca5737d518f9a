/* gcstep: the optimizer step with Gradient Centralization (GC, arXiv 2004.01461).
 *
 * One call advances every tensor of a network by one step of SGD, Adam, Adagrad or one of their
 * family. In GC each weight gradient loses the mean of its *group*, the elements that feed one
 * output channel, before the optimizer's rule sees it; here that happens inside the step, so the
 * gradient is not walked over once more for it.
 *
 * Use: describe the tensors once (gcs_plan_create), then call gcs_step with the same order of
 * tensors once per training step. gcs_step_tensor is the one-call form for a single tensor.
 * gcs_measure reads the gradients once and finds what clipping, monitoring and sharded centring
 * need before the step.
 *
 * Every function that can fail returns a gcs_status; the sentence that says what was wrong, and
 * names the argument, is gcs_last_error() on the same thread. When a call fails nothing has been
 * written to any buffer. The library never aborts and prints only when GCSTEP_LOG asks for it.
 *
 * The result is a function of the inputs alone: the choice of kernel, the number of threads and
 * the machine change the speed and never a bit (docs/arithmetic.md). For this the calling thread's
 * floating-point environment must be the default one: rounding to nearest, subnormals kept.
 *
 * Environment, read when a plan is made: GCSTEP_ISA, GCSTEP_KERNEL, GCSTEP_TUNED, GCSTEP_TABLE,
 * GCSTEP_RECORD, GCSTEP_LOG, GCSTEP_OPENCL_CACHE (docs/environment.md). */
#ifndef GCSTEP_GCSTEP_H
#define GCSTEP_GCSTEP_H

#include <stdbool.h>
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
    GCS_BUSY = 5,        /* another thread is inside gcs_step or gcs_measure with the same plan */
    GCS_DEVICE_ERROR = 6 /* a call to the device's driver failed; the sentence has its own name */
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
 *   SGD       d = x                                              buffers w g
 *   SGDM      m = momentum m + (1 - dampening) x, at t = 1 m = x;
 *             d = m                                              buffers w g m
 *   NESTEROV  m as SGDM; d = x + momentum m                      buffers w g m
 *             all three: w -= lr d
 *   ADAM      m = beta1 m + (1 - beta1) x;  v = beta2 v + (1 - beta2) x^2;
 *             w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *                                                                buffers w g m v
 *   AMSGRAD   as ADAM, with v_max = max(v_max, v) in the place of v under the root
 *                                                                buffers w g m v v_max
 *   ADAGRAD   v = v + x^2;
 *             w -= lr / (1 + (t - 1) lr_decay) * x / (sqrt(v) + eps)
 *                                                                buffers w g v
 *
 * In these the decay is an L2 term: lambda w is added to the gradient. In the rules whose names
 * end in W it is decoupled: w -= lr lambda w_old in the same change, and the gradient is left
 * alone.
 *
 * Sources: arXiv 2004.01461 (algorithms 1 and 2), 1412.6980 (Adam), 1904.09237 (AMSGrad),
 * 1711.05101 (decoupled decay), Duchi et al., JMLR 12, 2011 (Adagrad); dampening, Nesterov's form
 * and lr_decay as torch.optim has them. */
typedef enum gcs_rule {
    GCS_RULE_SGD = 1,
    GCS_RULE_SGDM = 2,
    GCS_RULE_ADAM = 3,
    GCS_RULE_ADAMW = 4,
    GCS_RULE_NESTEROV = 5,
    GCS_RULE_SGDW = 6,
    GCS_RULE_SGDMW = 7,
    GCS_RULE_NESTEROVW = 8,
    GCS_RULE_AMSGRAD = 9,
    GCS_RULE_AMSGRADW = 10,
    GCS_RULE_ADAGRAD = 11
} gcs_rule;

/* Where Phi, which takes from each element the mean of its group, is applied. lambda w stands for
 * the L2 term; with decoupled decay GRADIENT and RAW_GRADIENT are the same.
 *
 *   NONE          x = g + lambda w
 *   GRADIENT      x = Phi(g + lambda w), the paper's form
 *   RAW_GRADIENT  x = Phi(g) + lambda w
 *   UPDATE        x = g + lambda w, and the whole change of w, decoupled decay included, becomes
 *                 Phi of itself: each group's mean of w stays where it was */
typedef enum gcs_center {
    GCS_CENTER_NONE = 0,
    GCS_CENTER_GRADIENT = 1,
    GCS_CENTER_RAW_GRADIENT = 2,
    GCS_CENTER_UPDATE = 3
} gcs_center;

/* The type of the gradient's elements. The weights and all state are f32. */
typedef enum gcs_type {
    GCS_TYPE_F32 = 0,
    GCS_TYPE_BF16 = 1, /* the upper half of an f32 */
    GCS_TYPE_F16 = 2   /* IEEE 754 binary16 */
} gcs_type;

/* A copy of the new weights in 16 bits, written in the same pass (buffers.copy).
 * Plain: rounded to nearest, ties to even. STOCHASTIC: up or down at random, so that the mean is
 * kept (f16 below 2^-14: but for 2^-40); the draw is a function of hyper.seed, hyper.t, the tensor
 * and the element's index alone. A finite weight never becomes infinite by a draw; NaN and
 * infinities stay. */
typedef enum gcs_copy {
    GCS_COPY_NONE = 0,
    GCS_COPY_BF16 = 1,
    GCS_COPY_F16 = 2,
    GCS_COPY_BF16_STOCHASTIC = 3,
    GCS_COPY_F16_STOCHASTIC = 4
} gcs_copy;

/* What stays fixed for the life of a plan. Fields left zero: f32 gradient, no copy, minimize,
 * today's form. */
typedef struct gcs_spec {
    gcs_rule rule;
    gcs_center center;
    gcs_type gradient;
    gcs_copy copy;
    bool maximize;     /* -g in the place of g; the decay keeps its sign */
    bool authors_form; /* the Adam family as the GC authors' code has it: with
                        * s = lr sqrt(1 - beta2^t) / (1 - beta1^t), the change is
                        * s m / (sqrt(v) + eps), and the decoupled decay s lambda w.
                        * Other rules: no difference */
} gcs_spec;

/* The specs with GCS_CENTER_GRADIENT and f32; change .center for the plain optimizer. */
GCS_API gcs_spec gcs_spec_sgd(void);
GCS_API gcs_spec gcs_spec_sgdm(void);
GCS_API gcs_spec gcs_spec_nesterov(void);
GCS_API gcs_spec gcs_spec_sgdw(void);
GCS_API gcs_spec gcs_spec_sgdmw(void);
GCS_API gcs_spec gcs_spec_nesterovw(void);
GCS_API gcs_spec gcs_spec_adam(void);
GCS_API gcs_spec gcs_spec_adamw(void);
GCS_API gcs_spec gcs_spec_amsgrad(void);
GCS_API gcs_spec gcs_spec_amsgradw(void);
GCS_API gcs_spec gcs_spec_adagrad(void);

/* How the elements of a tensor form groups. */
typedef enum gcs_layout {
    GCS_LAYOUT_FLAT = 1, /* no groups: biases, norm scales; never centred */
    GCS_LAYOUT_ROWS = 2, /* each contiguous row is a group: OIHW, OHWI, (out, in) */
    GCS_LAYOUT_COLS = 3  /* each column of a row-major matrix is a group: HWIO, (in, out) */
} gcs_layout;

/* One tensor: `outer` row-major rows x cols matrices, one after the other without gaps. Make it
 * with gcs_rows, gcs_cols, gcs_general or gcs_flat, then set .group where the network has several
 * parameter groups. */
typedef struct gcs_tensor {
    gcs_layout layout;
    uint64_t rows;  /* ROWS: number of groups.          COLS: elements of a group.  FLAT: 1 */
    uint64_t cols;  /* ROWS: elements of a group.       COLS: groups of a matrix.   FLAT: all */
    uint32_t group; /* parameter group, at most 65,535: index into what gcs_step is given */
    uint32_t id;    /* names the tensor in the draws of stochastic rounding, so that the shards of
                     * one tensor can share a name; 0: 1 + its index in the plan */
    uint64_t outer; /* COLS: number of matrices; 0 is taken as 1. ROWS, FLAT: 0 or 1 */
    uint64_t offset, count; /* the piece of the tensor that is held here, see gcs_shard; count 0:
                             * all of it */
} gcs_tensor;

/* `channels` groups of `length` contiguous elements each. PyTorch: weight.shape[0] and
 * weight.numel() / weight.shape[0]. */
GCS_API gcs_tensor gcs_rows(uint64_t channels, uint64_t length);

/* A row-major `length` x `channels` matrix whose columns are the groups. Keras, Flax: channels is
 * the last dimension, length the product of the others. */
GCS_API gcs_tensor gcs_cols(uint64_t length, uint64_t channels);

/* A tensor [outer, reduce, inner] with the mean over `reduce`: outer x inner groups of `reduce`
 * elements each, `inner` apart. inner 1 is gcs_rows(outer, reduce), outer 1 gcs_cols(reduce,
 * inner). */
GCS_API gcs_tensor gcs_general(uint64_t outer, uint64_t reduce, uint64_t inner);

/* `count` elements that are never centred. */
GCS_API gcs_tensor gcs_flat(uint64_t count);

/* The piece [offset, offset + count) of the tensor's elements in their order in memory, as a rank
 * of ZeRO or FSDP holds it; every buffer holds the piece alone. Where a piece cuts a group, a step
 * that centres needs the groups' means from the caller (gcs_buffers.means): see gcs_measure.
 * A count of 0 is refused by whoever takes the tensor. */
GCS_API gcs_tensor gcs_shard(gcs_tensor tensor, uint64_t offset, uint64_t count);

/* The groups of a tensor, or the ones that its piece lies in. A group's number is its row (ROWS),
 * or matrix x cols + column (COLS). A piece of a COLS matrix counts all columns of the matrices
 * that it lies in. FLAT: 0 groups. These three give 0 for NULL, and for a tensor that no plan would
 * take. */
GCS_API uint64_t gcs_tensor_groups(const gcs_tensor *tensor);
GCS_API uint64_t gcs_tensor_first_group(const gcs_tensor *tensor);

/* The number of elements of a whole group: what a group's sum is divided by. FLAT: 0. */
GCS_API uint64_t gcs_tensor_group_length(const gcs_tensor *tensor);

/* ---- Where to compute -------------------------------------------------------------------- */

/* One task of a step. It must be called once for each index. */
typedef void gcs_task(void *arg, uint64_t index);

/* A thread pool of the caller: calls task(arg, i) once for each i in [0, count), from whichever
 * threads and in whichever order it likes, and returns when all have returned. */
typedef void gcs_parallel_for(void *pool, uint64_t count, gcs_task *task, void *arg);

typedef enum gcs_backend {
    GCS_BACKEND_CPU = 0,
    GCS_BACKEND_CUDA = 1,  /* see gcs_cuda */
    GCS_BACKEND_OPENCL = 2 /* see gcs_opencl */
} gcs_backend;

/* Where and how a plan's steps run. Start from gcs_cpu(), gcs_cuda() or gcs_opencl() and change
 * what differs. */
typedef struct gcs_target {
    int threads; /* 0: what OpenMP, the process' affinity and its CPU quota allow; n: at most n,
                  * and never more than 1,024. Fewer are used where a step moves less than 1 MiB:
                  * the calling thread alone; and OpenMP's are never more than the process may use.
                  * An OpenMP run time that cannot start as many ends the process */
    gcs_parallel_for *parallel_for; /* NULL: OpenMP (one thread where built without it). Not called
                                     * where one thread is enough */
    void *pool;                     /* handed to parallel_for */
    const char *table;  /* NULL: the tables that the environment names, then the built-in one;
                         * "": default rule only; else this file before the built-in one */
    const char *kernel; /* NULL, or the name of the kernel to use for each tensor it fits (but not
                         * where threads share a few long rows by pieces, nor where a shard cuts
                         * groups) */
    gcs_backend backend;
    void *stream;  /* CUDA: see gcs_cuda. OpenCL: the queue, see gcs_opencl */
    void *context; /* OpenCL alone */
    void *device;  /* OpenCL alone */
} gcs_target;

GCS_API gcs_target gcs_cpu(void);

/* An NVIDIA GPU: that of the CUDA context which is current on the thread that makes the plan.
 * `stream` is a CUstream or cudaStream_t of that context; NULL: the default stream. Threads and
 * their pool are not looked at. Of the tables the lines for such a GPU count (docs/table.md); where
 * there is none, the library's own rule. The CUDA driver is opened when the first such plan is
 * made; no context is made, changed or destroyed, ever.
 *
 * With such a plan
 * - the pointers of gcs_buffers and gcs_hyper.found_inf are addresses of that GPU: of its memory,
 * of managed memory, or of pinned host memory that it reaches at the same address;
 * - gcs_step enqueues its work in the stream and returns: one launch for each kernel in use, two
 *   where groups are shared by blocks, whatever the number of tensors (more where tensors whose
 * means are given stand between others). The results are there when the stream has come so far. The
 * same context must be current. Nothing is allocated, and nothing waited for, with two exceptions:
 * where the buffers differ from those of the step before, or there are more than 16 parameter
 * groups, a small copy precedes the launches, and the host waits while eight such copies are under
 * way; and at a capture of a new set of buffers it waits until its copy is done;
 * - the steps of a plan must run one after the other, as they do in one stream;
 * - gcs_step may be captured in a CUDA graph (not in the default stream, and make the plan before).
 *   The graph has the buffers, hyper-parameters, t and seed included, of the captured call for
 * good, and the plan must live as long as it. So lr and t do not advance from replay to replay:
 * capture what is the same in each, or update the graph. Up to 8 different sets of buffers (of
 * buffers and hyper-parameters, with more than 16 groups) can be captured from one plan;
 * - gcs_plan_destroy waits for the context's work. It may be called on any thread, after the graphs
 *   that hold the plan's steps, before the context is destroyed, but not while a capture of other
 *   work is under way in global mode;
 * - gcs_measure waits for the stream: what it finds are values of the host. The arrays of
 *   gcs_measures (sums, w_sums, change_sums) are addresses of the GPU, as those of gcs_buffers are,
 *   and are filled when it returns. Its first call allocates memory of the device, which goes with
 *   the plan. It cannot be captured (GCS_DEVICE_ERROR; the capture is not spoilt).
 *
 * Errors beside those that a CPU plan has: GCS_UNSUPPORTED (a build without CUDA kernels, no driver
 * or an older one than of CUDA 12.0, no GPU or one that the kernels are not made for),
 * GCS_DEVICE_ERROR (no current context or not the plan's, a stream of another one, a failed call),
 * GCS_INVALID_ARGUMENT (a pointer that the GPU cannot reach). Where gcs_step says GCS_DEVICE_ERROR
 * because a kernel was not launched, others may have been before it. An error of the GPU itself is
 * found by a later call, as always with CUDA. */
GCS_API gcs_target gcs_cuda(void *stream);

/* An OpenCL device: a cl_context, a cl_device_id of it, and a cl_command_queue of both. They are
 * void pointers here so that no OpenCL header is needed. Threads and their pool are not looked at;
 * of the tables the lines for this device count (docs/table.md). The loader (libOpenCL.so.1) is
 * opened when the first such plan is made. Context, queue and buffers stay the trainer's: the plan
 * retains the first two until it is destroyed, and makes kernels and some memory of its own in that
 * context.
 *
 * gcs_plan_create compiles the kernels that the plan uses for its rule, centre and types, with the
 * device's compiler, and keeps what it made in the user's cache folder (docs/opencl.md), so that
 * the next plan, or process, takes them from there. The bits are those of the CPU where the device
 * rounds division and square root correctly and has subnormals; of another gcs_plan_explain says
 * so.
 *
 * With such a plan
 * - gcs_step_opencl and gcs_measure_opencl take buffers as cl_mems and offsets, or as addresses of
 *   shared virtual memory (SVM, of OpenCL 2.0); with gcs_step and gcs_measure all pointers, those
 * of found_inf and of sums too, are addresses of SVM. Of SVM that is not fine-grained nothing may
 * be mapped while a step is under way, as with any kernel;
 * - a step is enqueued in the queue and begins (clFlush); the call returns at once. The results are
 *   there when the queue, or the event of the call, has come so far. It is a launch for each kernel
 *   in use (three where work-groups share a group) for each 32 cl_mems: few, however many tensors
 *   there are, where these lie in few cl_mems at many offsets, or in SVM; about one for each 8
 *   tensors where every buffer has a cl_mem of its own. Before the launches go a small copy where
 *   hyper-parameters, and one where buffers differ from the last step's, and one for each flag. The
 *   host waits only while eight such copies are under way. A queue that does not keep the order of
 *   its commands is given events that do;
 * - what is found out about cl_mems (size, context, flags, whether they are parts of one another)
 * is kept while the same ones are given; the sizes are asked at each step. No cl_mem is retained
 *   between steps;
 * - the steps of a plan run one after the other, also across a change of its queue;
 * - gcs_measure_opencl and gcs_measure wait for the queue: what they find are values of the host.
 *   A call that needs kernels for the first time compiles them and makes room on the device, which
 * goes with the plan;
 * - gcs_plan_destroy waits for the queue. It may be called on any thread, before or after the
 * trainer has released its own context and queue.
 *
 * Errors beside those that a CPU plan has: GCS_UNSUPPORTED (no loader, no platform, a device that
 * lacks what is needed, a build that fails: the sentence has the beginning of the compiler's log
 * and GCSTEP_LOG=info all of it; SVM where the device has none; a plan whose parts are larger than
 * the device's largest buffer), GCS_INVALID_ARGUMENT (a queue or a cl_mem of another context, a
 * cl_mem that is too small, no buffer, or may not be read or written as the step has to),
 * GCS_DEVICE_ERROR and GCS_OUT_OF_MEMORY (a call failed; the sentence has OpenCL's name of the
 * result). Where gcs_step says one of the last two because a kernel was not launched, others may
 * have been before it. An error of the device itself is found by a later call. */
GCS_API gcs_target gcs_opencl(void *context, void *device, void *queue);

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

/* The stream, of the plan's context, for the steps from now on of a plan of gcs_cuda. That they run
 * behind the earlier steps is the caller's to see to. Of a plan of gcs_opencl: the queue, of its
 * context and device; that the plan's steps follow each other is seen to. Errors:
 * GCS_INVALID_ARGUMENT (NULL, a plan of the CPU, a queue of another context or device),
 * GCS_DEVICE_ERROR (a stream of another context), GCS_BUSY. */
GCS_API gcs_status gcs_plan_set_stream(gcs_plan *plan, void *stream);

/* These take NULL for a plan of nothing: 0, NULL.
 * Number of tensors, of parameter groups (1 + the largest .group), and of the threads that the work
 * is cut for and tables are asked for: target.threads, or where that is 0 what a step uses. */
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

/* The hyper-parameters of one parameter group at one step. Only what the rule uses is looked at,
 * but of every group up to gcs_plan_groups. Each must be in its range also when rounded to f32: a
 * beta of 1 - 1e-10 is 1 there, and an lr of 1e39 infinite; both are refused. Start from
 * gcs_hyper_default(). */
typedef struct gcs_hyper {
    double lr;              /* learning rate, finite, >= 0 */
    double momentum;        /* SGDM, NESTEROV and their W forms: mu, in [0, 1) */
    double dampening;       /* the same: tau, in [0, 1] */
    double beta1;           /* Adam's family: in [0, 1) */
    double beta2;           /* Adam's family: in [0, 1) */
    double eps;             /* Adam's family, ADAGRAD: finite, >= 0 */
    double weight_decay;    /* lambda, finite, >= 0 */
    uint64_t t;             /* number of this step, counted from 1 */
    const float *found_inf; /* NULL, or a flag: where *found_inf is not 0, the tensors of this
                             * parameter group, state and copy included, stay as they are, bit for
                             * bit. Such a step does not count: give the same t again (a skipped
                             * t = 1 leaves the state uninitialised) */
    double lr_decay;        /* ADAGRAD: finite, >= 0 */
    double grad_scale;      /* g is multiplied by it first (1 / loss scale), finite; 0: 1 */
    double clip;            /* and by it, e.g. of gcs_clip_factor: in (0, 1]; 0: 1 */
    uint64_t seed;          /* of stochastic rounding */
} gcs_hyper;

/* lr 1e-3, momentum .9, dampening 0, betas .9 and .999, eps 1e-8, no decay, t 1, the rest 0. */
GCS_API gcs_hyper gcs_hyper_default(void);

/* The buffers of one tensor, all of its elements (its piece's, where it has one) long, aligned for
 * their element type and apart from each other. At t = 1 the state (m, v, v_max) is taken as zero:
 * it is written, never read, so it needs no initialisation. State below 2^-126 in magnitude is
 * stored as +0. What the spec does not use may be NULL. */
typedef struct gcs_buffers {
    float *w;             /* weights, updated */
    const void *g;        /* gradient, of spec.gradient's type, read */
    float *m;             /* momentum or first moment */
    float *v;             /* second moment; ADAGRAD: sum of squares */
    float *v_max;         /* AMSGRAD: largest second moment so far */
    void *copy;           /* spec.copy: the new weights in 16 bits, written */
    const float *means;   /* NULL: the step takes each group's mean itself. Else the mean of each
                           * group that the piece lies in (gcs_tensor_groups), of g as it is in
                           * the buffer, before grad_scale and clip; with CENTER_UPDATE the mean of
                           * the change of w. Over the whole group, also where a shard cuts it.
                           * Not looked at where the tensor is not centred */
    const float *w_means; /* beside means, for CENTER_GRADIENT with an L2 decay above 0: the mean of
                           * w of each group */
    uint64_t means_count; /* entries of means, and of w_means: gcs_tensor_groups */
} gcs_buffers;

/* One optimizer step over all tensors of the plan. `hyper` has gcs_plan_groups entries, `buffers`
 * gcs_plan_tensors, in the order of gcs_plan_create. NaN and Inf in g go where the formula sends
 * them. A plan serves one step at a time.
 *
 * Errors, all found before anything is written: GCS_INVALID_ARGUMENT (a null or misaligned
 * pointer, two overlapping buffers of one tensor, a hyper-parameter out of range or not a number,
 * t = 0, a cut group without means, means of another count), GCS_BUSY. */
GCS_API gcs_status gcs_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers);

/* A place in device memory: of a cl_mem or of SVM; mem and svm both NULL: there is none. */
typedef struct gcs_cl_buffer {
    void *mem;       /* a cl_mem of the plan's context: a buffer, or a sub-buffer */
    uint64_t offset; /* bytes behind its beginning, or behind svm */
    const void *svm; /* an address of shared virtual memory */
} gcs_cl_buffer;

/* As gcs_buffers, of one tensor. The cl_mems of different buffers may be the same, or sub-buffers
 * that do not overlap; what they are used for may not overlap within a tensor. (What comes of a
 * buffer and its own sub-buffer in one call OpenCL leaves open.) g, means and w_means may be
 * CL_MEM_READ_ONLY, the copy CL_MEM_WRITE_ONLY, and the others are both read and written. */
typedef struct gcs_cl_buffers {
    gcs_cl_buffer w, g, m, v, v_max, copy, means, w_means;
    uint64_t means_count;
} gcs_cl_buffers;

/* What a call may be given beside. */
typedef struct gcs_cl_call {
    const gcs_cl_buffer *found_inf; /* NULL, or for each parameter group a float as of
                                     * gcs_hyper.found_inf, or none. All of them in cl_mems, or all
                                     * in SVM */
    uint32_t wait_count;
    void *const *wait_list; /* [wait_count] cl_events of the context, that the step waits for. Where
                             * one of them fails, what the step does is not defined, and the plan
                             * is good for nothing but to be destroyed */
    void **event;           /* NULL, or gets a cl_event that ends with the step, for the caller to
                             * release; NULL where the call failed */
} gcs_cl_call;

/* gcs_step of a plan of gcs_opencl, with buffers as OpenCL has them. hyper.found_inf must be NULL:
 * flags are in `call`, which may be NULL. Errors: as gcs_step and as gcs_opencl says;
 * GCS_INVALID_ARGUMENT for another plan. */
GCS_API gcs_status gcs_step_opencl(gcs_plan *plan, const gcs_hyper *hyper,
                                   const gcs_cl_buffers *buffers, const gcs_cl_call *call);

/* The same for one tensor, for trainers that update tensor by tensor. With a stochastic copy, give
 * each tensor an id of its own: 0 is 1 here for all. The plan for each (spec,
 * shape) is made at the first call and kept; any thread may call. Errors as gcs_plan_create and
 * gcs_step. `tensor->group` is not looked at. */
GCS_API gcs_status gcs_step_tensor(const gcs_spec *spec, const gcs_tensor *tensor,
                                   const gcs_hyper *hyper, const gcs_buffers *buffers);

/* Frees the plans that gcs_step_tensor keeps. Not while a gcs_step_tensor is running. */
GCS_API void gcs_step_tensor_forget(void);

/* ---- Measuring the gradient before a step ------------------------------------------------- */

/* What gcs_measure finds of one tensor, or of its piece. Norms and maxima are of grad_scale g, as
 * the caller thinks of the gradient; clip has no part in them. Phi takes the groups' means away;
 * where the plan does not centre the tensor, the centred figures equal the others. Where a shard
 * cuts a group they are NaN, unless buffers.means has the means of g. */
typedef struct gcs_measures {
    /* Given by the caller: each NULL, or gcs_tensor_groups floats that are written. */
    float *sums;        /* sum of each group's part of g, as it is in the buffer */
    float *w_sums;      /* the same of w */
    float *change_sums; /* CENTER_UPDATE: of the change that a step with these hyper-parameters
                         * would make to w, before Phi */
    /* Found: */
    double norm;          /* L2 norm: the root of the sum of squares. The squares are summed as f32:
                           * where they exceed it (|g| of 1e19, say) the norm is infinite although
                           * g is finite; |g| below 1e-23 counts as 0 */
    double norm_centered; /* of Phi(grad_scale g) */
    float max;            /* largest magnitude; infinite or NaN where g is so somewhere */
    float max_centered;
    bool finite; /* no element of g is NaN or infinite */
} gcs_measures;

/* Reads each gradient from memory once (few very long rows twice) and fills
 * measures[gcs_plan_tensors]. Nothing else is written. Each sum is taken in the order of
 * docs/arithmetic.md: `sums` divided by the group length is, bit for bit, the mean that a step
 * takes by itself where grad_scale and clip are 1 and no L2 term is centred with g.
 *
 * `hyper` and `buffers` as for gcs_step, but found_inf is not looked at; of the buffers only g is,
 * w where w_sums is wanted, all but the copy where change_sums is, and means where groups are cut.
 * The first call of a plan allocates memory. With a plan of gcs_cuda or gcs_opencl the call waits
 * for the plan's stream or queue; see there. Errors: those of gcs_step, but for a cut group without
 * means; GCS_OUT_OF_MEMORY; GCS_INVALID_ARGUMENT (change_sums without CENTER_UPDATE, sums of a
 * tensor without groups). With a GPU or OpenCL also GCS_UNSUPPORTED (columns of more than 2^30
 * elements, with CENTER_UPDATE also rows; a kernel that cannot be built), and where it says
 * GCS_DEVICE_ERROR or that a kernel cannot be built, some measures and sums may have been written.
 */
GCS_API gcs_status gcs_measure(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                               gcs_measures *measures);

/* Where the sums of gcs_measures go that are wanted of a tensor. */
typedef struct gcs_cl_sums {
    gcs_cl_buffer sums, w_sums, change_sums;
} gcs_cl_sums;

/* gcs_measure of a plan of gcs_opencl, with buffers as OpenCL has them. `sums`: NULL, or an entry
 * for each tensor; those of `measures` are not looked at. Of `call`, which may be NULL, only the
 * events to wait for are looked at. Errors: as gcs_measure and as gcs_opencl says;
 * GCS_INVALID_ARGUMENT for another plan. */
GCS_API gcs_status gcs_measure_opencl(gcs_plan *plan, const gcs_hyper *hyper,
                                      const gcs_cl_buffers *buffers, const gcs_cl_sums *sums,
                                      gcs_measures *measures, const gcs_cl_call *call);

/* means[i] = sums[i] / length of a group, for the gcs_tensor_groups of the tensor. `means` may be
 * `sums`. Errors: GCS_INVALID_ARGUMENT (a null pointer, a tensor that no plan would take). */
GCS_API gcs_status gcs_group_means(const gcs_tensor *tensor, const float *sums, float *means);

/* The L2 norm of all `count` tensors together. Ranks that hold shards reduce its square. */
GCS_API double gcs_total_norm(const gcs_measures *measures, size_t count);

/* The factor for hyper.clip that brings a gradient of this norm down to max_norm: min(1, max_norm /
 * (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ has it. NaN, which gcs_step refuses, where norm
 * is not finite (see gcs_measures.finite and hyper.found_inf) or max_norm not above 0. */
GCS_API double gcs_clip_factor(double norm, double max_norm);

#ifdef __cplusplus
}
#endif
#endif
