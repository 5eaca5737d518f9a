/* The shared library that belongs to this program. */
#include "tune/library.h"
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seen from the program's folder: in the build tree, and installed. */
static const char *const places[] = {"dispatch/libgcstep.so",
                                     "../" GCSTEP_INSTALL_LIBDIR "/libgcstep.so"};

/* The folder of this program, with its '/'. */
static bool own_folder(char folder[PATH_MAX]) {
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (length <= 0)
        return false;
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    slash[1] = '\0';
    return true;
}

static bool read_header(FILE *file, Elf64_Ehdr *header) {
    return fread(header, sizeof *header, 1, file) == 1 &&
           memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_phentsize == sizeof(Elf64_Phdr);
}

/* Where the last segment that is loaded ends in the file: behind it is what strip removes. */
static bool loaded_end(FILE *file, uint64_t *end) {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    if (!read_header(file, &header) || fseek(file, (long)header.e_phoff, SEEK_SET) != 0)
        return false;
    *end = 0;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (fread(&segment, sizeof segment, 1, file) != 1)
            return false;
        if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > *end)
            *end = segment.p_offset + segment.p_filesz;
    }
    return *end != 0;
}

bool gcs_library_size(char *path, size_t path_size, uint64_t *bytes) {
    char folder[PATH_MAX];
    if (!own_folder(folder))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if ((size_t)snprintf(path, path_size, "%s%s", folder, places[i]) >= path_size)
            continue;
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            continue;
        const bool read = loaded_end(file, bytes);
        fclose(file);
        if (read)
            return true;
    }
    return false;
}
