/* gcstep info: this machine, the kernels it can run, and the tables in use. */
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/identity.h"
#include "dispatch/cuda/image.h"
#include "dispatch/opencl/identity.h"
#include "dispatch/opencl/source.h"
#include "dispatch/registry.h"
#include "dispatch/table.h"
#include "tune/command.h"
#include "tune/library.h"
#include "tune/options.h"
#include "tune/tool.h"
#include "tune/topology.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Shows the machine, its GPUs and OpenCL devices, the kernels compiled in and whether it can "
    "run\n"
    "them, the tables that were looked for, and the GCSTEP_* switches in effect.\n"
    "\n"
    "Usage: gcstep info [--help]\n";

static const char *const switches[] = {"GCSTEP_ISA",         "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                       "GCSTEP_TABLE",       "GCSTEP_RECORD", "GCSTEP_LOG",
                                       "GCSTEP_OPENCL_CACHE"};

static void print_machine(const gcs_machine *machine) {
    char identity[512];
    gcs_machine_format(machine, identity, sizeof identity);
    printf("Machine\n");
    printf("  identity   %s\n", identity);
    if (machine->emulated)
        printf("  emulated   yes: no time that is taken here says anything of a processor\n");
    gcs_topology_print();
    printf("  threads    this process may use %d of %u processors\n", gcs_machine_allowed_threads(),
           machine->cores);
}

static size_t count_general(const gcs_kernel_list *list) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->kernels[i].general;
    return count;
}

static void print_library(void) {
    char path[4096];
    uint64_t bytes;
    if (gcs_library_size(path, sizeof path, &bytes))
        printf("  shared library: %" PRIu64 " bytes (%s)\n", bytes, path);
    else
        printf("  shared library: none beside this program, so its size is not known\n");
}

static void print_cpu_features(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    printf("  CPU says   sse4.2 %s, avx %s, avx2 %s, fma %s, avx512f %s\n",
           __builtin_cpu_supports("sse4.2") ? "yes" : "no",
           __builtin_cpu_supports("avx") ? "yes" : "no",
           __builtin_cpu_supports("avx2") ? "yes" : "no",
           __builtin_cpu_supports("fma") ? "yes" : "no",
           __builtin_cpu_supports("avx512f") ? "yes" : "no");
#endif
}

static void print_kernels(void) {
    printf("\nKernels\n");
    print_cpu_features();
    printf("  %-10s %-12s %11s %8s %6s  %s\n", "ISA", "revision", "specialised", "general", "all",
           "CPU and OS allow it");
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        const size_t general = count_general(list);
        printf("  %-10s %-12s %11zu %8zu %6zu  %s\n", list->isa_name, list->impl_rev,
               list->count - general, general, list->count,
               gcs_cpu_allows(list->isa) ? "yes" : "no");
    }
    for (int isa = 0; isa < GCS_ISA_COUNT; isa++)
        if (!gcs_registry_isa((gcs_isa)isa))
            printf("  %-10s not compiled into this build\n", gcs_isa_name((gcs_isa)isa));
    print_library();
}

static void print_in_tables(const gcs_device_identity *identity) {
    char text[GCS_DEVICE_IDENTITY_SIZE];
    gcs_device_identity_format(identity, text, sizeof text);
    printf("  in tables  %s\n", text);
}

static void print_gpus(void) {
    const gcs_cuda_image *image = &gcs_cuda_built_image;
    printf("\nCUDA\n");
    if (image->fatbin != NULL)
        printf("  kernels    %zu, revision %s, for %s, by CUDA %d.%d\n", gcs_cuda_kernel_count,
               gcs_cuda_impl_rev(), image->architectures, image->version / 1000,
               image->version % 1000 / 10);
    else
        printf("  kernels    none in this build: nvcc was not found\n");
    const gcs_cuda_driver *driver;
    int count = 0;
    if (gcs_cuda_open(&driver) != GCS_OK || gcs_cuda_device_count(&count) != GCS_OK) {
        printf("  driver     %s\n", gcs_last_error());
        return;
    }
    printf("  driver     of CUDA %d.%d\n", driver->version / 1000, driver->version % 1000 / 10);
    for (int i = 0; i < count; i++) {
        gcs_cuda_device device;
        char text[256];
        const bool known = gcs_cuda_device_at(i, &device) == GCS_OK;
        if (known)
            gcs_cuda_device_format(&device, text, sizeof text);
        printf("  GPU %-6d %s\n", i, known ? text : gcs_last_error());
        gcs_device_identity identity;
        if (!known)
            continue;
        gcs_cuda_identity(&device, &identity);
        print_in_tables(&identity);
    }
}

static void print_opencl(void) {
    int count;
    printf("\nOpenCL\n");
    printf("  kernels    in source, revision %s\n", gcs_opencl_impl_rev());
    if (gcs_opencl_device_count(&count) != GCS_OK) {
        printf("  loader     %s\n", gcs_last_error());
        return;
    }
    for (int i = 0; i < count; i++) {
        gcs_opencl_device device;
        char text[1024];
        const bool usable = gcs_opencl_device_at(i, &device) == GCS_OK;
        if (usable)
            gcs_opencl_device_format(&device, text, sizeof text);
        printf("  device %-3d %s\n", i, usable ? text : gcs_last_error());
        gcs_device_identity identity;
        if (!usable)
            continue;
        gcs_opencl_identity(&device, &identity);
        print_in_tables(&identity);
    }
}

static int print_tables(const gcs_environment *env, const gcs_machine *machine) {
    gcs_tables *tables = gcs_tables_open(env, machine, NULL);
    if (!tables) {
        fprintf(stderr, "gcstep info: out of memory\n");
        return GCS_EXIT_FAILED;
    }
    printf("\nTables, the first counts most\n");
    for (size_t i = 0; i < gcs_tables_sources(tables); i++) {
        const gcs_table_source *source = gcs_tables_source(tables, i);
        printf("  %s: ", source->path);
        if (source->used)
            printf("in use, %zu lines\n", source->lines);
        else
            printf("%s\n", source->found ? "found, not used" : "not found");
        if (source->warning)
            printf("    warning: %s\n", source->warning);
    }
    printf("  %zu lines in all\n", gcs_tables_lines(tables));
    gcs_tables_close(tables);
    return GCS_EXIT_OK;
}

static void print_switches(void) {
    printf("\nSwitches\n");
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        const char *value = getenv(switches[i]);
        printf("  %-19s %s\n", switches[i], value && *value ? value : "not set");
    }
}

static void print_build(void) {
    printf("\nBuild\n");
    printf("  %s\n", gcs_tool_text());
#ifdef GCSTEP_HAVE_OPENMP
    printf("  threads by OpenMP\n");
#else
    printf("  without OpenMP: one thread, unless the caller hands its pool to the plan\n");
#endif
}

static int print_all(void) {
    gcs_machine machine;
    gcs_machine_read(&machine);
    print_machine(&machine);
    print_kernels();
    print_gpus();
    print_opencl();
    print_switches();
    print_build();
    gcs_environment env;
    if (gcs_environment_read(&env) != GCS_OK) {
        fflush(stdout);
        fprintf(stderr, "gcstep info: %s\n", gcs_last_error());
        return GCS_EXIT_USAGE;
    }
    return print_tables(&env, &machine);
}

int gcs_cmd_info(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int answer;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (answer != 'h')
            return gcs_bad_option(argv, answer);
        fputs(help, stdout);
        return GCS_EXIT_OK;
    }
    if (optind < argc)
        return gcs_usage_error(argv[0], "unexpected argument '%s'", argv[optind]);
    return print_all();
}
