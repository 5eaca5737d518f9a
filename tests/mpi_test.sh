#!/bin/sh
# mpi_test.sh BUILD_DIR: examples/mpi on four ranks with ResNet-50's tensors, built against an
# installation of the library as a user would. Skipped (77) without an MPI.
#
# It must succeed, and fail when the sums of other ranks are left out.
set -eu

build=$(cd "${1:?usage: mpi_test.sh BUILD_DIR}" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
for program in mpicc mpirun; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: no $program (Debian: libopenmpi-dev openmpi-bin)"
        exit 77
    fi
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset CMAKE_PREFIX_PATH LD_LIBRARY_PATH

{
    cmake --install "$build" --prefix "$scratch/prefix"
    cmake -S "$root/examples/mpi" -B "$scratch/example" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
        -DCMAKE_C_FLAGS="-Wall -Wextra -Werror"
    cmake --build "$scratch/example"
} >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    exit 1
}

# Open MPI refuses root, and more ranks than cores, unless told. Others know neither option.
options='-n 4'
if mpirun --version | grep -q 'Open MPI'; then
    options="$options --oversubscribe"
    [ "$(id -u)" -ne 0 ] || options="$options --allow-run-as-root"
fi

# sharded_step ARGUMENT...
sharded_step() {
    # shellcheck disable=SC2086 # options are words
    mpirun $options "$scratch/example/sharded_step" \
        "$scratch/prefix/share/gcstep/models/resnet50.txt" "$@"
}

sharded_step | tee "$scratch/out"
if [ "$(grep -c ': the same$' "$scratch/out")" -ne 2 ]; then
    echo "FAILED: two comparisons were to end in 'the same'" >&2
    exit 1
fi

echo "== without the sums of other ranks"
if sharded_step --without-reduction >"$scratch/out" 2>&1; then
    echo "FAILED: sums left out were not noticed" >&2
    exit 1
fi
cat "$scratch/out"
# Noticed by the comparison, for both optimizers; and not failed for another reason.
if [ "$(grep -c ': NOT THE SAME$' "$scratch/out")" -ne 2 ]; then
    echo "FAILED: two comparisons were to end in 'NOT THE SAME'" >&2
    exit 1
fi
