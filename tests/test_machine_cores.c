/* The kinds of cores of an Arm machine (dispatch/machine_cores.c), from folders of our own in the
 * place of the system's. */
#include "table_fixture.h"

#include "dispatch/machine_internal.h"

static gcs_core_kinds kinds_of(const char *folder, const char *cpuinfo) {
    char cpu_folder[512], file[512];
    gcs_core_kinds kinds;
    gcs_machine_core_kinds(&kinds, scratch_path(cpu_folder, folder), scratch_path(file, cpuinfo));
    return kinds;
}

/* The machine's line, its caches and number of cores left out. */
static void expect_named(const gcs_core_kinds *kinds, uint32_t fastest, const char *line) {
    gcs_machine machine = {.arch = "aarch64", .vendor = "unknown", .isa = "p"};
    char found[256];
    assert_int_equal(gcs_machine_set_cores(&machine, kinds), fastest);
    gcs_machine_format(&machine, found, sizeof found);
    assert_string_equal(found, line);
}

/* A phone: four small cores first, then three and one of the large ones, all at their own speed. */
static void put_big_little(const char *folder) {
    static const struct {
        const char *midr, *capacity;
    } cpus[] = {{"0x00000000411fd050\n", "325\n"},  {"0x00000000411fd050\n", "325\n"},
                {"0x00000000412fd050\n", "325\n"},  {"0x00000000411fd050\n", "325\n"},
                {"0x00000000413fd0b1\n", "900\n"},  {"0x00000000413fd0b1\n", "900\n"},
                {"0x00000000413fd0b1\n", "1024\n"}, {"0x00000000413fd0b1\n", "900\n"}};
    char name[128];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%s/cpu%d/regs/identification/midr_el1", folder, i);
        scratch_put(name, cpus[i].midr);
        snprintf(name, sizeof name, "%s/cpu%d/cpu_capacity", folder, i);
        scratch_put(name, cpus[i].capacity);
    }
    snprintf(name, sizeof name, "%s/online", folder);
    scratch_put(name, "0-7\n");
}

static void kinds_of_cores(void **state) {
    (void)state;
    gcs_core_kinds kinds = kinds_of("arm-none", "no-cpuinfo");
    assert_int_equal(kinds.count, 0);
    expect_named(&kinds, 0, "aarch64 unknown family=0 model=0 cores=0 l1d=0 l2=0 l3=0 isa=p");
    put_big_little("arm");
    kinds = kinds_of("arm", "no-cpuinfo");
    assert_int_equal(kinds.count, 2);
    assert_true(kinds.kind[0].cores == 4 && kinds.kind[1].cores == 4);
    expect_named(&kinds, 6,
                 "aarch64 ARM family=65 model=3339 cores=0 l1d=0 l2=0 l3=0 "
                 "kinds=4x41:d0b+4x41:d05 isa=p");
    scratch_put("arm/online", "0-3\n"); /* the large ones are off */
    kinds = kinds_of("arm", "no-cpuinfo");
    expect_named(&kinds, 0, "aarch64 ARM family=65 model=3333 cores=0 l1d=0 l2=0 l3=0 isa=p");
    static const char *const bad[] = {"nonsense\n", "0-1,x\n", "0-1,3-2\n", "0-3,\n", "0-3,0-3\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_put("arm/online", bad[i]);
        assert_int_equal(kinds_of("arm", "no-cpuinfo").count, 0);
    }
    scratch_put("arm/online", "0-8\n"); /* of one nothing is told */
    assert_int_equal(kinds_of("arm", "no-cpuinfo").count, 0);
}

static void kinds_by_frequency(void **state) {
    (void)state;
    scratch_put("freq/cpu0/regs/identification/midr_el1", "0x00000000610f0220\n");
    scratch_put("freq/cpu1/regs/identification/midr_el1", "0x00000000610f0230\n");
    scratch_put("freq/cpu0/cpufreq/cpuinfo_max_freq", "2064000\n");
    scratch_put("freq/cpu1/cpufreq/cpuinfo_max_freq", "3204000\n");
    scratch_put("freq/online", "0-1\n");
    gcs_core_kinds kinds = kinds_of("freq", "no-cpuinfo");
    expect_named(&kinds, 1,
                 "aarch64 Apple family=97 model=35 cores=0 l1d=0 l2=0 l3=0 "
                 "kinds=1x61:023+1x61:022 isa=p");
    /* The capacity goes first; equally fast ones are in the order of their processors. */
    scratch_put("freq/cpu0/cpu_capacity", "1024\n");
    scratch_put("freq/cpu1/cpu_capacity", "1024\n");
    kinds = kinds_of("freq", "no-cpuinfo");
    expect_named(&kinds, 0,
                 "aarch64 Apple family=97 model=34 cores=0 l1d=0 l2=0 l3=0 "
                 "kinds=1x61:022+1x61:023 isa=p");
    /* The same number of another implementer is another part. */
    scratch_put("freq/cpu1/regs/identification/midr_el1", "0x00000000410f0220\n");
    kinds = kinds_of("freq", "no-cpuinfo");
    assert_int_equal(kinds.count, 2);
}

#define CPUINFO(number, implementer, part)                                                         \
    "processor\t: " number "\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n"                          \
    "CPU implementer\t: " implementer "\nCPU architecture: 8\nCPU variant\t: 0x3\n"                \
    "CPU part\t: " part "\nCPU revision\t: 1\n\n"

static void kinds_of_cpuinfo(void **state) {
    (void)state;
    scratch_put("cpuinfo", CPUINFO("0", "0x41", "0xd0c") CPUINFO("1", "0x41", "0xd0c"));
    gcs_core_kinds kinds = kinds_of("arm-none", "cpuinfo");
    assert_int_equal(kinds.kind[0].cores, 2);
    expect_named(&kinds, 0, "aarch64 ARM family=65 model=3340 cores=0 l1d=0 l2=0 l3=0 isa=p");
    scratch_put("arm/online", "nonsense\n"); /* then without capacities but those of the folders */
    scratch_put("cpuinfo", CPUINFO("2", "0x41", "0xd05") CPUINFO("6", "0x51", "0x804"));
    put_big_little("arm");
    scratch_put("arm/cpu0/regs/identification/midr_el1", "unreadable\n");
    kinds = kinds_of("arm", "cpuinfo");
    expect_named(&kinds, 6,
                 "aarch64 Qualcomm family=81 model=2052 cores=0 l1d=0 l2=0 l3=0 "
                 "kinds=1x51:804+1x41:d05 isa=p");
    scratch_put("cpuinfo", CPUINFO("0", "0x00", "0x000") CPUINFO("1", "0x00", "0x000"));
    kinds = kinds_of("arm-none", "cpuinfo"); /* a virtual machine on an Apple M1 */
    expect_named(&kinds, 0, "aarch64 0x00 family=0 model=0 cores=0 l1d=0 l2=0 l3=0 isa=p");
    scratch_put("cpuinfo", CPUINFO("0", "0xee", "0x001"));
    kinds = kinds_of("arm-none", "cpuinfo");
    expect_named(&kinds, 0, "aarch64 0xee family=238 model=1 cores=0 l1d=0 l2=0 l3=0 isa=p");
    scratch_put("cpuinfo",
                "processor\t: 0\nvendor_id\t: GenuineIntel\nCPU part\t: 0xd0c\n"
                "CPU implementer\t: 41\nCPU part\t: 0xd0c\nCPU implementer\t: 0x41\n"
                "CPU part\t: 0x-5\nCPU part\t: 0x0xd0c\nCPU part\t: 0xd0cx\nCPU part\t: 0x\n"
                "processor\t: 1\nCPU part\t: 0xd0c\nCPU implementer");
    assert_int_equal(kinds_of("arm-none", "cpuinfo").count, 0);
    scratch_put("cpuinfo", "");
    assert_int_equal(kinds_of("arm-none", "cpuinfo").count, 0);
}

static void more_kinds_than_there_is_room_for(void **state) {
    (void)state;
    char all[GCS_CORE_KINDS * 2 * 256] = "", block[256];
    gcs_machine machine = {.arch = "aarch64", .isa = "p"}, again;
    for (int i = 0; i < GCS_CORE_KINDS + 3; i++) {
        snprintf(block, sizeof block, CPUINFO("%d", "0x41", "0xd%02x"), i, i);
        strcat(all, block);
    }
    scratch_put("cpuinfo", all);
    const gcs_core_kinds kinds = kinds_of("arm-none", "cpuinfo");
    assert_int_equal(kinds.count, GCS_CORE_KINDS);
    for (size_t i = 0; i < kinds.count; i++)
        assert_int_equal(kinds.kind[i].cores, 1);
    gcs_machine_set_cores(&machine, &kinds);
    gcs_machine_format(&machine, all, sizeof all);
    assert_true(gcs_machine_parse(all, &again));
    assert_string_equal(machine.core_kinds, again.core_kinds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_cores),
        cmocka_unit_test(kinds_by_frequency),
        cmocka_unit_test(kinds_of_cpuinfo),
        cmocka_unit_test(more_kinds_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
