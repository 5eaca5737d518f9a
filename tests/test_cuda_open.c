/* Opening CUDA's driver: it is opened once in a process, so that each case has a process of its
 * own. */
#include "cuda_fixture.h"

#include "dispatch/cuda/device.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const gcs_tensor tensors[] = {ROWS(6, 10)};

/* The status and the sentence of making a plan. */
typedef struct answer {
    gcs_status status;
    char text[512];
} answer;

static answer ask(void) {
    answer a = {.status = GCS_OK};
    gcs_plan *plan;
    const gcs_spec spec = gcs_spec_sgdm();
    a.status = gcs_plan_create(&plan, gcs_cuda(NULL), &spec, tensors, 1);
    if (a.status == GCS_OK)
        gcs_plan_destroy(plan);
    else
        snprintf(a.text, sizeof a.text, "%s", gcs_last_error());
    return a;
}

/* The answer of a new process that has prepared the stand-in. */
static answer answer_after(void (*prepare)(void)) {
    int ends[2];
    answer a = {.status = (gcs_status)-1};
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        standin_reset();
        prepare();
        const answer own = ask();
        _exit(write(ends[1], &own, sizeof own) == sizeof own ? 0 : 1);
    }
    close(ends[1]);
    const ssize_t got = read(ends[0], &a, sizeof a);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got, sizeof a);
    return a;
}

static void assert_answer(const answer *a, gcs_status status, const char *text) {
    assert_string_equal(gcs_status_name(a->status), gcs_status_name(status));
    if (strstr(a->text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", a->text, text);
}

static void nothing(void) {}
static void of_cuda_11(void) {
    standin_version = 11080;
}
static void of_cuda_12(void) {
    standin_version = 12000;
}
static void without_a_function(void) {
    standin_without("cuMemAlloc");
}
static void without_cuFuncLoad(void) {
    standin_without("cuFuncLoad");
}
/* It is then found by its name. */
static void without_cuInit(void) {
    standin_without("cuInit");
}
static void without_a_gpu(void) {
    standin_fail("cuInit", 100, 0);
}

static void drivers(void **state) {
    (void)state;
    answer a = answer_after(nothing);
    assert_answer(&a, GCS_OK, "");
    a = answer_after(of_cuda_11);
    assert_answer(&a, GCS_UNSUPPORTED, "CUDA 11.8");
    a = answer_after(of_cuda_12);
    assert_answer(&a, GCS_OK, "");
    a = answer_after(without_a_function);
    assert_answer(&a, GCS_UNSUPPORTED, "cuMemAlloc");
    a = answer_after(without_cuFuncLoad);
    assert_answer(&a, GCS_OK, "");
    a = answer_after(without_cuInit);
    assert_answer(&a, GCS_OK, "");
    a = answer_after(without_a_gpu);
    assert_answer(&a, GCS_UNSUPPORTED, "CUDA_ERROR_NO_DEVICE");
}

/* Threads that open it at the same time. */
static void *open_it(void *unused) {
    const gcs_cuda_driver *driver;
    (void)unused;
    return gcs_cuda_open(&driver) == GCS_OK ? (void *)(uintptr_t)driver->launch : NULL;
}

static void by_many_threads(void **state) {
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    void *first = NULL;
    standin_reset();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_it, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *found;
        pthread_join(threads[i], &found);
        assert_non_null(found);
        assert_true(first == NULL || found == first);
        first = found;
    }
}

static void devices(void **state) {
    (void)state;
    int count;
    gcs_cuda_device device;
    char text[200];
    standin_reset();
    assert_ok(gcs_cuda_device_count(&count));
    assert_int_equal(count, 2);
    assert_ok(gcs_cuda_device_at(1, &device));
    assert_true(gcs_cuda_device_format(&device, text, sizeof text) < sizeof text);
    assert_string_equal(text, "Stand-in 1, sm_90, 8 multiprocessors, L2 1.0 MiB, bus 384 bits");
    assert_int_equal(device.shared_bytes, 227 * 1024);
    assert_fails(gcs_cuda_device_at(2, &device), GCS_DEVICE_ERROR, "CUDA_ERROR_INVALID_DEVICE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers), /* before the process opens it itself */
        cmocka_unit_test(by_many_threads),
        cmocka_unit_test(devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
