/* Building programs and the files that keep them, on the stand-in: what is built from source and
 * what from a file, and every kind of file that must not be taken. */
#include "opencl/opencl_fixture.h"

#include "dispatch/environment.h"
#include "dispatch/opencl/program.h"

#include <sys/wait.h>

static const char source[] = "__kernel void nothing(void) {}";

static const gcs_opencl_driver *driver;
static gcs_opencl_device device;
static gcs_cl_context context;
static gcs_environment env;
static char folder[512]; /* of the cache */

static gcs_cl_context context_of(unsigned count, const gcs_cl_device *devices) {
    gcs_cl_int result = -1;
    const gcs_cl_context made = driver->context_create(NULL, count, devices, NULL, NULL, &result);
    assert_int_equal(result, 0);
    return made;
}

static int before(void **state) {
    standin_before(state);
    setenv("XDG_CACHE_HOME", scratch_path(folder, "unused"), 1);
    remove_tree(scratch_path(folder, "cache"));
    env = (gcs_environment){.opencl_cache = folder, .log = GCS_LOG_INFO};
    assert_ok(gcs_opencl_open(&driver));
    assert_ok(gcs_opencl_device_at(0, &device));
    context = context_of(1, &device.id);
    return 0;
}

/* Nothing that was made is left, and no temporary file. */
static int after(void **state) {
    (void)state;
    char path[512];
    assert_int_equal(driver->context_release(context), 0);
    assert_int_equal(standin_alive(STANDIN_ALL), 0);
    assert_int_not_equal(access(scratch_path(path, "unused"), F_OK), 0);
    return 0;
}

/* Builds and gives back; the lines of the log in `log`, to be freed, or NULL where none may be. */
static gcs_status build_with(const char *program_text, const char *options, char **log) {
    gcs_cl_program program = (gcs_cl_program)&program;
    catch_stderr();
    const gcs_status status =
        gcs_opencl_program(driver, context, &device, program_text, options, &env, &program);
    char *lines = release_stderr();
    if (status == GCS_OK)
        assert_int_equal(driver->program_release(program), 0);
    else
        assert_null(program);
    if (log != NULL) {
        *log = lines;
    } else {
        assert_string_equal(lines, "");
        free(lines);
    }
    assert_int_equal(standin_alive(STANDIN_PROGRAM), 0);
    return status;
}

static unsigned compiled(void) {
    return standin_calls("clCreateProgramWithSource");
}

static void expect_built(unsigned from_source) {
    const unsigned sources = compiled();
    assert_ok(build_with(source, NULL, NULL));
    assert_int_equal(compiled() - sources, from_source);
}

/* The files of the cache; the path of the last one in `path`. */
static unsigned files(char path[512]) {
    unsigned count = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        assert_true(snprintf(path, 512, "%s/%s", folder, entry->d_name) < 512);
        count++;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

/* ---- Building ------------------------------------------------------------------------------ */

static void options(void **state) {
    (void)state;
    env.opencl_cache = "0";
    assert_ok(build_with(source, NULL, NULL));
    assert_string_equal(standin_options, "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt");
    assert_ok(build_with(source, "-DX=1 -DY", NULL));
    assert_string_equal(standin_options,
                        "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt -DX=1 -DY");
    device.rounds_divide_sqrt = false;
    assert_ok(build_with(source, "-DX=1", NULL));
    assert_string_equal(standin_options, "-cl-std=CL1.2 -DX=1");
}

static void a_source_that_is_refused(void **state) {
    (void)state;
    char path[512], *log;
    standin_build_log = "x.h:1: warning: odd\n\nx.h:2: error: no such thing\r\nx.h:3: note: here\n";
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    assert_fails(build_with(source, NULL, &log), GCS_UNSUPPORTED,
                 "cannot be built for 'Stand-in GPU' (CL_BUILD_PROGRAM_FAILURE): x.h:2: error: no "
                 "such thing  x.h:3: note: here");
    assert_string_equal(log, "gcstep: OpenCL compiler: x.h:1: warning: odd\n"
                             "gcstep: OpenCL compiler: x.h:2: error: no such thing\n"
                             "gcstep: OpenCL compiler: x.h:3: note: here\n");
    free(log);
    assert_int_equal(files(path), 0);
    /* One that says nothing of errors, and nothing at all. */
    standin_build_log = "it went wrong";
    standin_fail("clBuildProgram", GCS_CL_INVALID_BUILD_OPTIONS, 0);
    assert_fails(build_with(source, NULL, &log), GCS_UNSUPPORTED,
                 "(CL_INVALID_BUILD_OPTIONS): it went wrong");
    free(log);
    standin_build_log = "";
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_UNSUPPORTED, "does not say why");
    standin_fail_query(GCS_CL_PROGRAM_BUILD_LOG, -6);
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_UNSUPPORTED, "does not say why");
}

static void calls_that_fail(void **state) {
    (void)state;
    standin_fail("clCreateProgramWithSource", -6, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_OUT_OF_MEMORY, "CL_OUT_OF_HOST_MEMORY");
    standin_fail("clBuildProgram", -6, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_OUT_OF_MEMORY, "CL_OUT_OF_HOST_MEMORY");
    standin_fail("clBuildProgram", -3, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_UNSUPPORTED, "CL_COMPILER_NOT_AVAILABLE");
    standin_fail("clBuildProgram", -5, 0);
    assert_fails(build_with(source, NULL, NULL), GCS_DEVICE_ERROR, "CL_OUT_OF_RESOURCES");
}

/* A long log is cut in the sentence, and whole in the log. */
static void a_long_log(void **state) {
    (void)state;
    enum { LINES = 200 };
    text long_log = {0};
    char *log;
    for (int i = 0; i < LINES; i++)
        add(&long_log, "line %d: error: of some length\n", i);
    standin_build_log = long_log.at;
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    assert_fails(build_with(source, NULL, &log), GCS_UNSUPPORTED, ": line 0: error:");
    assert_null(strchr(gcs_last_error(), '\n'));
    assert_int_equal(count_lines(log), LINES);
    free(log);
    free_text(&long_log);
}

/* ---- Files --------------------------------------------------------------------------------- */

static void a_second_time(void **state) {
    (void)state;
    char path[512];
    struct stat status;
    expect_built(1);
    assert_int_equal(files(path), 1);
    expect_built(0);
    expect_built(0);
    assert_int_equal(standin_calls("clCreateProgramWithBinary"), 2);
    assert_int_equal(files(path), 1);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_string_equal(path + strlen(path) - 4, ".bin");
    assert_string_equal(standin_options, "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt");
}

static void which_folder(void **state) {
    (void)state;
    char path[512], home[512];
    const struct {
        const char *cache, *home, *expected; /* the last below scratch; NULL: none */
    } cases[] = {
        {"a/cache", "a/home", "a/cache/gcstep/opencl"},
        {NULL, "b/home", "b/home/.cache/gcstep/opencl"},
        {"", "c/home", "c/home/.cache/gcstep/opencl"},
        {"./relative", "d/home", "d/home/.cache/gcstep/opencl"},
        {NULL, NULL, NULL},
        {NULL, "./relative", NULL},
    };
    env.opencl_cache = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *cache = cases[i].cache, *of_home = cases[i].home;
        unsetenv("XDG_CACHE_HOME");
        unsetenv("HOME");
        if (cache != NULL && cache[0] != '\0' && cache[0] != '.')
            cache = scratch_path(path, cache);
        if (cache != NULL)
            setenv("XDG_CACHE_HOME", cache, 1);
        if (of_home != NULL)
            setenv("HOME", of_home[0] != '.' ? scratch_path(home, of_home) : of_home, 1);
        assert_ok(build_with(source, NULL, NULL));
        if (cases[i].expected == NULL)
            continue;
        scratch_path(folder, cases[i].expected);
        assert_int_equal(files(path), 1);
    }
    assert_int_equal(compiled(), 6);
    assert_int_not_equal(access("relative", F_OK), 0);
    scratch_path(folder, "cache");
}

static void switched_off(void **state) {
    (void)state;
    char path[512];
    env.opencl_cache = "0";
    expect_built(1);
    expect_built(1);
    assert_int_equal(files(path), 0);
    assert_int_equal(standin_calls("clCreateProgramWithBinary"), 0);
    assert_int_not_equal(access("0", F_OK), 0);
}

/* Each part of the key. */
static void programs_of_another_key(void **state) {
    (void)state;
    char path[512], *const texts[] = {device.name,          device.vendor,
                                      device.version,       device.driver_version,
                                      device.platform_name, device.platform_version};
    const size_t count = sizeof texts / sizeof texts[0];
    expect_built(1);
    for (size_t i = 0; i < count; i++) {
        texts[i][0]++;
        expect_built(1);
        expect_built(0);
        texts[i][0]--;
    }
    assert_int_equal(files(path), count + 1);
    assert_ok(build_with("__kernel void nothinG(void) {}", NULL, NULL));
    assert_ok(build_with(source, "-DX", NULL));
    device.rounds_divide_sqrt = false;
    assert_ok(build_with(source, NULL, NULL));
    assert_int_equal(files(path), count + 4);
    assert_int_equal(compiled(), count + 4);
}

/* The file is not taken, for that reason, and what is in its place afterwards is `whole`. */
static void expect_replaced(const char *path, const char *whole, const char *reason) {
    char *log;
    const unsigned sources = compiled();
    assert_ok(build_with(source, NULL, &log));
    assert_int_equal(compiled() - sources, 1);
    assert_contains(log, reason);
    assert_contains(log, path);
    assert_int_equal(count_lines(log), 1);
    free(log);
    char *now = read_file(path);
    assert_string_equal(now, whole);
    free(now);
    expect_built(0);
}

/* Bytes between the cases; it is less than any part of a file. */
enum { STEP = 3 };

static void files_cut_short(void **state) {
    (void)state;
    char path[512];
    expect_built(1);
    assert_int_equal(files(path), 1);
    char *whole = read_file(path);
    for (size_t left = 1; left <= strlen(whole); left += STEP) {
        write_file(path, whole, strlen(whole) - left);
        expect_replaced(path, whole, "OpenCL cache: ");
    }
    free(whole);
}

static void files_with_a_wrong_byte(void **state) {
    (void)state;
    char path[512];
    expect_built(1);
    files(path);
    char *whole = read_file(path), *wrong = strdup(whole);
    const size_t size = strlen(whole), key = (size_t)(strstr(whole, "\nbinary ") + 1 - whole);
    for (size_t i = 0; i < size; i += STEP) {
        wrong[i] ^= 1;
        write_file(path, wrong, size);
        expect_replaced(path, whole, i < key ? "is of another key" : "is damaged");
        wrong[i] ^= 1;
    }
    free(wrong);
    /* A byte more than there should be. */
    text longer = {0};
    add(&longer, "%sx", whole);
    write_file(path, longer.at, longer.size);
    expect_replaced(path, whole, "is damaged");
    free_text(&longer);
    free(whole);
}

static void other_files_in_its_place(void **state) {
    (void)state;
    char path[512], other[512], *log;
    struct stat status;
    expect_built(1);
    files(path);
    char *whole = read_file(path);
    /* That of another program, whole and right. */
    device.name[0]++;
    snprintf(other, sizeof other, "%s/other", scratch);
    env.opencl_cache = other;
    expect_built(1);
    device.name[0]--;
    snprintf(folder, sizeof folder, "%s", other);
    files(other);
    char *foreign = read_file(other);
    scratch_path(folder, "cache");
    env.opencl_cache = folder;
    write_file(path, foreign, strlen(foreign));
    free(foreign);
    expect_replaced(path, whole, "is of another key");
    /* What never was one. */
    char garbage[5000];
    memset(garbage, 0xA5, sizeof garbage);
    write_file(path, garbage, sizeof garbage);
    expect_replaced(path, whole, "is of another key");
    /* A pipe, which nobody waits for. */
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_replaced(path, whole, "is not a regular file");
    /* A folder stays, and nothing is left beside it. */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_ok(build_with(source, NULL, &log));
    assert_contains(log, "is not a regular file");
    assert_contains(log, "cannot be written");
    free(log);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(files(other), 1);
    rmdir(path);
    free(whole);
}

static void binaries_that_the_device_refuses(void **state) {
    (void)state;
    char path[512];
    expect_built(1);
    files(path);
    char *whole = read_file(path);
    standin_fail("clCreateProgramWithBinary", GCS_CL_INVALID_BINARY, 0);
    expect_replaced(path, whole, "is refused by the device (CL_INVALID_BINARY)");
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    expect_replaced(path, whole, "is refused by the device (CL_BUILD_PROGRAM_FAILURE)");
    standin_binary_status = GCS_CL_INVALID_BINARY;
    char *log;
    assert_ok(build_with(source, NULL, &log));
    assert_contains(log, "is refused by the device (CL_INVALID_BINARY)");
    free(log);
    assert_int_equal(compiled(), 4);
    free(whole);
}

/* Of no consequence but that the next process compiles again. */
static void files_that_cannot_be_written(void **state) {
    (void)state;
    char path[512], *log;
    static const char *const folders[] = {"/proc/nothing/here", "/dev/null/here"};
    for (size_t i = 0; i < 2; i++) {
        env.opencl_cache = folders[i];
        assert_ok(build_with(source, NULL, &log));
        assert_int_equal(count_lines(log), 1);
        assert_contains(log, folders[i]);
        free(log);
    }
    env.opencl_cache = "/proc/nothing/here";
    env.log = GCS_LOG_WARN;
    expect_built(1); /* and nothing is said */
    env.log = GCS_LOG_INFO;
    env.opencl_cache = scratch_path(path, "a-file");
    write_file(path, "", 0);
    assert_ok(build_with(source, NULL, &log));
    assert_contains(log, "is no folder");
    free(log);
    env.opencl_cache = folder;
    assert_int_equal(files(path), 0);
}

static void folders_of_others(void **state) {
    (void)state;
    char path[512], *log;
    expect_built(1);
    chmod(folder, 0777);
    assert_ok(build_with(source, NULL, &log));
    assert_contains(log, "any user may write to");
    free(log);
    assert_int_equal(compiled(), 2);
    chmod(folder, 0775);
    expect_built(0);
    if (geteuid() == 0) {
        assert_int_equal(chown(folder, 12345, (gid_t)-1), 0);
        assert_ok(build_with(source, NULL, &log));
        assert_contains(log, "another user's folder");
        free(log);
        assert_int_equal(compiled(), 3);
        assert_int_equal(files(path), 1);
    }
}

static void devices_without_binaries(void **state) {
    (void)state;
    char path[512], *log;
    static const unsigned queries[] = {GCS_CL_PROGRAM_NUM_DEVICES, GCS_CL_PROGRAM_DEVICES,
                                       GCS_CL_PROGRAM_BINARY_SIZES, GCS_CL_PROGRAM_BINARIES};
    for (size_t i = 0; i < 5; i++) {
        standin_without_binaries = i == 4;
        standin_fail_query(i < 4 ? queries[i] : 0, -30);
        assert_ok(build_with(source, NULL, &log));
        assert_contains(log, "'Stand-in GPU' hands out no binary");
        free(log);
        assert_int_equal(files(path), 0);
    }
}

/* A program has a binary for each device of its context. */
static void contexts_of_several_devices(void **state) {
    (void)state;
    char path[512];
    gcs_opencl_device other;
    assert_ok(gcs_opencl_device_at(1, &other));
    const gcs_cl_device both[] = {device.id, other.id};
    assert_int_equal(driver->context_release(context), 0);
    context = context_of(2, both);
    device = other;
    expect_built(1);
    expect_built(0);
    assert_int_equal(files(path), 1);
    char *whole = read_file(path);
    assert_contains(whole, "stand-in binary for Stand-in CPU: -cl-std");
    free(whole);
}

/* The life of a process among others: false where a build failed or anything was said. No
 * assertion, which would go back to the runner of the tests. */
static bool live(int number, const char *path, const char *long_options) {
    enum { ROUNDS = 100 };
    char own[512], name[32];
    snprintf(name, sizeof name, "stderr-%d", number);
    if (freopen(scratch_path(own, name), "w", stderr) == NULL)
        return false;
    for (int round = 0; round < ROUNDS; round++) {
        gcs_cl_program program;
        if (round % 7 == number)
            unlink(path);
        if (gcs_opencl_program(driver, context, &device, source, long_options, &env, &program) !=
            GCS_OK)
            return false;
        driver->program_release(program);
    }
    struct stat status;
    return stat(own, &status) == 0 && status.st_size == 0;
}

/* Processes that build, take and remove the same file at once see none that is half written. */
static void several_processes(void **state) {
    (void)state;
    enum { PROCESSES = 4, LONG = 50000 }; /* of a file that takes its time */
    char path[512], *long_options = malloc(LONG);
    pid_t children[PROCESSES];
    memset(long_options, 'x', LONG - 1);
    long_options[LONG - 1] = '\0';
    assert_ok(build_with(source, long_options, NULL));
    assert_int_equal(files(path), 1);
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(live(i, path, long_options) ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_true(files(path) <= 1); /* and no temporary one */
    free(long_options);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(options),
        TEST(a_source_that_is_refused),
        TEST(calls_that_fail),
        TEST(a_long_log),
        TEST(a_second_time),
        TEST(which_folder),
        TEST(switched_off),
        TEST(programs_of_another_key),
        TEST(files_cut_short),
        TEST(files_with_a_wrong_byte),
        TEST(other_files_in_its_place),
        TEST(binaries_that_the_device_refuses),
        TEST(files_that_cannot_be_written),
        TEST(folders_of_others),
        TEST(devices_without_binaries),
        TEST(contexts_of_several_devices),
        TEST(several_processes),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
