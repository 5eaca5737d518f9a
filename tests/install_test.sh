#!/bin/sh
# install_test.sh BUILD_DIR: the installed package, as a user meets it.
#
# Installs to a scratch prefix, moves that prefix elsewhere (nothing installed may hold its path),
# and builds examples/least_squares against it through find_package (shared and static) and through
# pkg-config. Also builds and runs the linking example of README.md, and the installed program.
set -eu

build=$(cd "${1:?usage: install_test.sh BUILD_DIR}" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/moved

unset CMAKE_PREFIX_PATH PKG_CONFIG_PATH LD_LIBRARY_PATH

fail_with_log() {
    cat "$scratch/log" >&2
    exit 1
}

# needs_shared PROGRAM yes|no: whether it must be linked with the shared library.
needs_shared() {
    if readelf -dW "$1" | grep -q 'NEEDED.*\[libgcstep\.so'; then found=yes; else found=no; fi
    if [ "$found" != "$2" ]; then
        echo "FAILED: $1 is linked with the shared library: $found, expected: $2" >&2
        exit 1
    fi
}

# present PATH...: each is in the prefix and not empty.
present() {
    for file in "$@"; do
        if [ ! -s "$prefix/$file" ]; then
            echo "FAILED: $file was not installed" >&2
            exit 1
        fi
    done
}

echo "== install"
cmake --install "$build" --prefix "$scratch/first" >"$scratch/log" 2>&1 || fail_with_log
mv "$scratch/first" "$prefix"
present include/gcstep/gcstep.h bin/gcstep share/gcstep/models/resnet50.txt \
    share/gcstep/tables/builtin.tsv
[ ! -e "$prefix/share/gcstep/models/CMakeLists.txt" ]
pc=$(find "$prefix" -name gcstep.pc)
config=$(find "$prefix" -name gcstep-config.cmake)
if grep -rlF -e "$scratch" -e "$build" -e "$root" "$pc" "$(dirname "$config")"; then
    echo "FAILED: these files hold a path of this machine" >&2
    exit 1
fi
"$prefix/bin/gcstep" --help >/dev/null

# through_cmake NAME LIBRARY: builds and runs the example, linked with gcstep::LIBRARY.
through_cmake() {
    mkdir "$scratch/$1-source"
    cp "$root/examples/least_squares/"* "$scratch/$1-source"
    sed -i "s/gcstep::gcstep /gcstep::$2 /" "$scratch/$1-source/CMakeLists.txt"
    {
        cmake -S "$scratch/$1-source" -B "$scratch/$1" -DCMAKE_PREFIX_PATH="$prefix"
        cmake --build "$scratch/$1"
    } >"$scratch/log" 2>&1 || fail_with_log
    "$scratch/$1/least_squares"
}

echo "== find_package, shared"
through_cmake shared gcstep
needs_shared "$scratch/shared/least_squares" yes

echo "== find_package, static"
through_cmake static gcstep_static
needs_shared "$scratch/static/least_squares" no

echo "== pkg-config"
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(pkg-config --variable=libdir "$pc")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cp -r "$root/examples/least_squares" "$scratch/make"
make -C "$scratch/make" least_squares
needs_shared "$scratch/make/least_squares" yes
"$scratch/make/least_squares"

# The fenced C block that follows the marker, if there is a README yet.
if [ -f "$root/README.md" ]; then
    echo "== README.md"
    awk '/^<!-- example -->/ { marked = 1; next }
         marked && /^```c$/ { inside = 1; next }
         inside && /^```$/ { exit }
         inside { print }' "$root/README.md" >"$scratch/readme.c"
    if [ ! -s "$scratch/readme.c" ]; then
        echo "FAILED: README.md has no C block after a line <!-- example -->" >&2
        exit 1
    fi
    # shellcheck disable=SC2046 # the flags are words
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags gcstep) \
        "$scratch/readme.c" -o "$scratch/readme" $(pkg-config --libs gcstep) -lm
    "$scratch/readme"

    # With a table that names another kernel for its tensor of weights, it steps with that one.
    echo "== README.md, with a table"
    chosen=sgdm_grad_rows_f32_portable_pass2_u32
    {
        printf 'gcstep-table\t1\nmachine\tany\n'
        printf 'line\tsgdm_grad\trows\tf32\t4\t8\t1\t%s\t-\tquick\t2026-01-01' "$chosen"
        printf '\t100\t0.01\t0.9\t1.1\t0.1\t-\t50\n'
    } >"$scratch/table.tsv"
    GCSTEP_TABLE=$scratch/table.tsv "$scratch/readme" | tee "$scratch/chosen"
    if ! grep -q "by $chosen\$" "$scratch/chosen" || "$scratch/readme" | grep -q "by $chosen\$"; then
        echo "FAILED: the table's kernel must be used with the table and only then" >&2
        exit 1
    fi
fi
echo "the installed package works"
