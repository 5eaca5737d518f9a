#!/bin/sh
# oclgrind.sh FINDS LEVEL PROGRAM ARGUMENTS...: PROGRAM ARGUMENTS --backend opencl on Oclgrind's
# device, which watches every access for races and for what is beside a buffer. FINDS: what it has to
# find, a pattern; or "nothing". LEVEL: its compiler's, -O0 for each access that the source has, of
# private variables too, or -O1 for those that are left, 2.5 to 10 times as fast. Skipped without
# Oclgrind.
#
# Oclgrind's wrapper catches programs that are linked with the loader and not those that open it, so
# the loader is told to use its driver. A race changes neither the results nor the exit status: what
# is printed is read.
set -u

finds=${1:?usage: oclgrind.sh FINDS LEVEL PROGRAM ARGUMENTS...}
level=${2:?}
program=${3:?}
shift 3

wrapper=$(command -v oclgrind) || {
    echo "SKIPPED: there is no oclgrind"
    exit 77
}
driver=$(dirname "$wrapper")/../lib/oclgrind/liboclgrind-rt-icd.so
[ -e "$driver" ] || {
    echo "SKIPPED: oclgrind has no driver for loaders at $driver"
    exit 77
}

# One thread, since other tests run beside. Local memory for every kernel. It has no llvm.prefetch.
output=$(OCL_ICD_VENDORS=$driver OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1 OCLGRIND_NUM_THREADS=1 \
    OCLGRIND_LOCAL_MEM_SIZE=262144 OCLGRIND_BUILD_OPTIONS="-DFETCH(p)= $level" \
    GCSTEP_OPENCL_CACHE=0 "$program" "$@" --backend opencl 2>&1)
status=$?
# What its compiler says of code that is right.
output=$(echo "$output" | grep -v -e '^[0-9]* warnings* generated\.$')
echo "$output" | cut -c 1-200 | head -n 150
if echo "$output" | grep -q 'there is no OpenCL loader'; then
    exit 77
fi
last=$(echo "$output" | tail -n 1)
case $last in
*'on Oclgrind Simulator'*) ;;
*)
    echo "FAILED: this was not on Oclgrind"
    exit 1
    ;;
esac

if [ "$finds" = nothing ]; then
    [ "$status" -eq 0 ] || exit 1
    # A line a kernel, and one for all.
    other=$(echo "$output" | grep -c -v -e '  0 failures  ' -e '^verified [1-9][0-9]* kernels, ')
    [ "$other" -eq 0 ] || {
        echo "FAILED: Oclgrind has something to say"
        exit 1
    }
else
    echo "$output" | grep -q -e "$finds" || {
        echo "FAILED: Oclgrind does not find: $finds"
        exit 1
    }
fi
