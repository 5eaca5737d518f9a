/* The machine's identity: read, written, read back and compared; and the files of the system that
 * it is read from, with folders of our own in their place. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_setaffinity */
#endif
#include "table_fixture.h"

#include "dispatch/machine_internal.h"
#include "dispatch/registry.h"

#if defined(__linux__)
#include <sched.h>
#endif

static void expect_same(const gcs_machine *a, const gcs_machine *b) {
    char a_text[256], b_text[256];
    gcs_machine_format(a, a_text, sizeof a_text);
    gcs_machine_format(b, b_text, sizeof b_text);
    assert_string_equal(a_text, b_text);
    assert_true(gcs_machine_same(a, b));
}

/* ---- This machine ------------------------------------------------------------------------ */

static void this_machine(void **state) {
    (void)state;
    gcs_machine machine, again;
    char line[256];
    gcs_machine_read(&machine);
    assert_true(strlen(machine.arch) > 0 && strlen(machine.vendor) > 0);
    assert_true(machine.cores >= 1);
    assert_int_equal(strncmp(machine.isa, "portable", 8), 0);
    assert_int_equal(strstr(machine.isa, "avx2") != NULL,
                     gcs_registry_isa(GCS_ISA_AVX2) != NULL && gcs_cpu_allows(GCS_ISA_AVX2));
    assert_int_equal(strstr(machine.isa, "avx512") != NULL,
                     gcs_registry_isa(GCS_ISA_AVX512) != NULL && gcs_cpu_allows(GCS_ISA_AVX512));
    assert_true(gcs_machine_format(&machine, line, sizeof line) < sizeof line);
    assert_null(strpbrk(line, "\t\n/"));
    assert_true(gcs_machine_parse(line, &again));
    expect_same(&machine, &again);
    assert_string_equal(machine.isa, again.isa);
    gcs_machine_read(&again);
    expect_same(&machine, &again);
}

/* The name that the kernel gives, where there is /proc: another source than CPUID. */
static void the_vendor_is_linuxs(void **state) {
    (void)state;
#if defined(__x86_64__) && defined(__linux__)
    gcs_machine machine;
    gcs_machine_read(&machine);
    char line[256], vendor[64] = "";
    unsigned family = 0, model = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        skip();
    while (fgets(line, sizeof line, file) && line[0] != '\n') {
        sscanf(line, "vendor_id : %63s", vendor);
        sscanf(line, "cpu family : %u", &family);
        sscanf(line, "model : %u", &model);
    }
    fclose(file);
    if (vendor[0] == '\0')
        skip();
    assert_string_equal(machine.vendor, vendor);
    assert_int_equal(machine.family, family);
    assert_int_equal(machine.model, model);
#else
    skip();
#endif
}

/* Of Arm: what Linux says of the processors, and what the one that runs this says of itself. */
static void the_part_is_midrs(void **state) {
    (void)state;
#if defined(__aarch64__)
    gcs_machine machine;
    uint64_t midr;
    gcs_machine_read(&machine);
    if (!gcs_machine_own_midr(&midr) || machine.core_kinds[0] != '\0')
        skip();
    assert_int_equal(machine.family, midr >> 24 & 0xff);
    assert_int_equal(machine.model, midr >> 4 & 0xfff);
#else
    skip();
#endif
}

static void an_emulator_is_of_another_architecture(void **state) {
    (void)state;
    static unsigned char header[20] = "\177ELF\2\1\1";
    char path[512];
    gcs_machine machine;
    assert_false(gcs_machine_is_emulated_by(scratch_path(path, "elf")));
    write_file(path, (const char *)header, 19); /* too short */
    assert_false(gcs_machine_is_emulated_by(path));
#if defined(__x86_64__) || defined(__aarch64__)
    for (int machine_of_file = 0; machine_of_file < 256; machine_of_file++) {
        header[18] = (unsigned char)machine_of_file;
        write_file(path, (const char *)header, sizeof header);
#if defined(__x86_64__)
        const bool own = machine_of_file == 62;
#else
        const bool own = machine_of_file == 183;
#endif
        assert_int_equal(gcs_machine_is_emulated_by(path), machine_of_file != 0 && !own);
    }
    header[18] = 0;
    header[19] = 1; /* 256 */
    write_file(path, (const char *)header, sizeof header);
    assert_true(gcs_machine_is_emulated_by(path));
    header[0] = 0;
    write_file(path, (const char *)header, sizeof header);
    assert_false(gcs_machine_is_emulated_by(path));
#endif
    gcs_machine_read(&machine);
    if (getenv("GCSTEP_TEST_EMULATED") != NULL) /* CTest runs this under an emulator */
        assert_true(machine.emulated);
}

/* ---- Text -------------------------------------------------------------------------------- */

#define GOOD                                                                                       \
    "x86_64 AuthenticAMD family=25 model=1 cores=2 l1d=32768 l2=524288 l3=33554432 "               \
    "isa=portable+avx2"

static void text_is_read_back(void **state) {
    (void)state;
    gcs_machine machine;
    char line[256], small[8];
    assert_true(gcs_machine_parse(GOOD, &machine));
    assert_string_equal(machine.vendor, "AuthenticAMD");
    assert_int_equal(machine.l3, 33554432);
    assert_int_equal(gcs_machine_format(&machine, line, sizeof line), strlen(GOOD));
    assert_string_equal(line, GOOD);
    assert_int_equal(gcs_machine_format(&machine, small, sizeof small), strlen(GOOD));
    assert_string_equal(small, "x86_64 ");
}

#define BIG_LITTLE                                                                                 \
    "aarch64 ARM family=65 model=3341 cores=8 l1d=65536 l2=262144 l3=2097152 "                     \
    "kinds=4x41:d0d+4x41:d05 isa=portable+neon"

static void text_of_two_kinds_of_cores(void **state) {
    (void)state;
    gcs_machine machine, other;
    char line[256];
    assert_true(gcs_machine_parse(BIG_LITTLE, &machine));
    assert_string_equal(machine.core_kinds, "4x41:d0d+4x41:d05");
    assert_int_equal(gcs_machine_format(&machine, line, sizeof line), strlen(BIG_LITTLE));
    assert_string_equal(line, BIG_LITTLE);
    other = machine;
    assert_true(gcs_machine_same(&machine, &other));
    strcpy(other.core_kinds, "6x41:d0d+2x41:d05");
    assert_false(gcs_machine_same(&machine, &other));
    other.core_kinds[0] = '\0';
    assert_false(gcs_machine_same(&machine, &other));
}

static void malformed_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "any",
        "x86_64",
        "x86_64 V",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 isa=p",
        "x86_64 V family=1 family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p isa=p",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=",
        "x86_64 V family=-1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        "x86_64 V family=1x model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        "x86_64 V family=4294967296 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        "x86_64 V family=1 model=1 cores=1 l1d=99999999999999999999 l2=1 l3=1 isa=p",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p ",
        "x86_64 V  family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        " V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
        "x86_64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p color=red",
        "aarch64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 kinds= isa=p",
        "aarch64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 kinds=a kinds=a isa=p",
        "aarch64 V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 kinds=a",
        "x86_64_with_a_long_name V family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=p",
    };
    gcs_machine machine;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (gcs_machine_parse(bad[i], &machine))
            fail_msg("taken: \"%s\"", bad[i]);
    }
}

static void what_makes_another_machine(void **state) {
    (void)state;
    static const char *const others[] = {
        "aarch64 AuthenticAMD family=25 model=1 cores=2 l1d=32768 l2=524288 l3=33554432 isa=p",
        "x86_64 GenuineIntel family=25 model=1 cores=2 l1d=32768 l2=524288 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=26 model=1 cores=2 l1d=32768 l2=524288 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=25 model=2 cores=2 l1d=32768 l2=524288 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=25 model=1 cores=4 l1d=32768 l2=524288 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=25 model=1 cores=2 l1d=49152 l2=524288 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=25 model=1 cores=2 l1d=32768 l2=1048576 l3=33554432 isa=p",
        "x86_64 AuthenticAMD family=25 model=1 cores=2 l1d=32768 l2=524288 l3=0 isa=p",
    };
    gcs_machine good, other;
    assert_true(gcs_machine_parse(GOOD, &good));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(gcs_machine_parse(others[i], &other));
        assert_false(gcs_machine_same(&good, &other));
    }
    other = good;
    strcpy(other.isa, "portable"); /* belongs to the build */
    assert_true(gcs_machine_same(&good, &other));
}

/* ---- Folders in the place of the system's ------------------------------------------------ */

static void put_cache(int index, const char *level, const char *type, const char *size) {
    char name[64];
    snprintf(name, sizeof name, "cpu/cpu0/cache/index%d/level", index);
    scratch_put(name, level);
    snprintf(name, sizeof name, "cpu/cpu0/cache/index%d/type", index);
    scratch_put(name, type);
    snprintf(name, sizeof name, "cpu/cpu0/cache/index%d/size", index);
    scratch_put(name, size);
}

static void caches(void **state) {
    (void)state;
    char folder[512];
    gcs_machine machine = {.l1d = 7, .l2 = 8, .l3 = 9};
    scratch_path(folder, "cpu");
    gcs_machine_read_caches(&machine, folder, 0);
    assert_true(machine.l1d == 7 && machine.l2 == 8 && machine.l3 == 9);
    put_cache(0, "1\n", "Data\n", "48K\n");
    put_cache(1, "1\n", "Instruction\n", "64K\n");
    put_cache(2, "2\n", "Unified\n", "2M\n");
    put_cache(3, "3\n", "Unified\n", "nonsense\n");
    put_cache(5, "4\n", "Unified\n", "1G\n");
    gcs_machine_read_caches(&machine, folder, 0);
    assert_int_equal(machine.l1d, 48 << 10);
    assert_int_equal(machine.l2, 2 << 20);
    assert_int_equal(machine.l3, 9);
    put_cache(3, "3\n", "Unified\n", "98304K\n");
    gcs_machine_read_caches(&machine, folder, 0);
    assert_int_equal(machine.l3, 98304u << 10);
}

static void processors_online(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t count;
    } cases[] = {{"0\n", 1},       {"0-7\n", 8},          {"0-3,8,10-11\n", 7},
                 {"0-3,\n", 0},    {"0-3,2\n", 0},        {"0-4294967294\n", UINT32_MAX},
                 {"0-1,3-2\n", 0}, {"0-4294967295\n", 0}, {"0-1,x\n", 0},
                 {"\n", 0},        {"3-1\n", 0},          {"x\n", 0},
                 {"0-\n", 0},      {"0,,2\n", 0},         {"0-99999999999\n", 0}};
    char folder[512];
    scratch_path(folder, "online-test");
    assert_int_equal(gcs_machine_online(folder), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scratch_put("online-test/online", cases[i].text);
        assert_int_equal(gcs_machine_online(folder), cases[i].count);
    }
}

static int quota(const char *membership) {
    char file[512], root[512];
    scratch_put("membership", membership);
    return gcs_machine_quota(scratch_path(file, "membership"), scratch_path(root, "cgroup"));
}

static void quota_of_version_2(void **state) {
    (void)state;
    scratch_put("cgroup/a/b/cpu.stat", "");
    assert_int_equal(quota("0::/a/b\n"), 0);
    scratch_put("cgroup/a/b/cpu.max", "max 100000\n");
    assert_int_equal(quota("0::/a/b\n"), 0);
    scratch_put("cgroup/a/b/cpu.max", "350000 100000\n");
    assert_int_equal(quota("0::/a/b\n"), 3);
    scratch_put("cgroup/a/cpu.max", "200000 100000\n"); /* the tighter one of two levels counts */
    assert_int_equal(quota("0::/a/b\n"), 2);
    assert_int_equal(quota("0::/\n"), 0);
    scratch_put("cgroup/cpu.max", "50000 100000\n");
    assert_int_equal(quota("0::/a/b\n"), 1);
    assert_int_equal(quota("0::/not/to/be/seen/here\n"), 1);
    assert_int_equal(quota("0::/../..\n"), 1);
    scratch_put("cgroup/cpu.max", "nonsense\n");
    assert_int_equal(quota("0::/\n"), 0);
    scratch_put("cgroup/cpu.max", "100000 0\n");
    assert_int_equal(quota("0::/\n"), 0);
    scratch_put("cgroup/cpu.max", "max 100000\n");
}

static void quota_of_version_1(void **state) {
    (void)state;
    static const char membership[] = "3:cpuset:/x\n2:cpu,cpuacct:/x/y\n1:name=systemd:/x\n";
    scratch_put("cgroup/cpu/x/y/cpu.cfs_quota_us", "-1\n");
    scratch_put("cgroup/cpu/x/y/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota(membership), 0);
    scratch_put("cgroup/cpu/x/cpu.cfs_quota_us", "400000\n");
    scratch_put("cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota(membership), 4);
    scratch_put("cgroup/cpu/x/y/cpu.cfs_quota_us", "10000\n");
    assert_int_equal(quota(membership), 1);
    assert_int_equal(quota("2:cpuset,cpuacct:/x/y\n"), 0); /* another controller's group */
    assert_int_equal(quota("nonsense\n"), 0);
    assert_int_equal(quota("\n"), 0);
}

static void allowed_threads(void **state) {
    (void)state;
    const int before = gcs_machine_allowed_threads();
    assert_true(before >= 1);
#if defined(__linux__)
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_true(before <= CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(gcs_machine_allowed_threads(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(gcs_machine_allowed_threads(), before);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine),
        cmocka_unit_test(the_vendor_is_linuxs),
        cmocka_unit_test(the_part_is_midrs),
        cmocka_unit_test(an_emulator_is_of_another_architecture),
        cmocka_unit_test(text_is_read_back),
        cmocka_unit_test(text_of_two_kinds_of_cores),
        cmocka_unit_test(malformed_text),
        cmocka_unit_test(what_makes_another_machine),
        cmocka_unit_test(caches),
        cmocka_unit_test(processors_online),
        cmocka_unit_test(quota_of_version_2),
        cmocka_unit_test(quota_of_version_1),
        cmocka_unit_test(allowed_threads),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
