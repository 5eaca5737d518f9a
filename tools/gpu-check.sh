#!/bin/sh
# gpu-check.sh [--only "STEP..."] [--minutes N] [OUTDIR]: on a machine with an NVIDIA GPU, CMake, a
# compiler and nvcc: builds for this GPU, holds every CUDA kernel to the portable ones and measures;
# the same by OpenCL, where the driver has it.
# Text and JSON go to OUTDIR (default: build/gpu-check-results). A step that fails does not stop the
# others; what does not fit into N minutes (default: 8) is left out. Nothing about the card is
# changed.
#
# Exit status: 0; 1 when a step failed or was left out for want of time; 2 for bad arguments. What
# is not installed (Google Benchmark, compute-sanitizer, torch) is said, and is no failure.
set -u

steps='info verify models shapes memcheck tune kernels peers racecheck opencl_shapes opencl'
usage="usage: tools/gpu-check.sh [--only 'STEP...'] [--minutes N] [OUTDIR]
steps: $steps; the build is always made"
only='' minutes=8 out=''
while [ $# -gt 0 ]; do
    case $1 in
    --only | --minutes)
        [ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
        if [ "$1" = --only ]; then only=$2; else minutes=$2; fi
        shift
        ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    -*) echo "unknown option '$1'; $usage" >&2; exit 2 ;;
    *) out=$1 ;;
    esac
    shift
done
case $minutes in
'' | *[!0-9]* | 0*) echo "--minutes must be a whole number from 1 up, not '$minutes'" >&2; exit 2 ;;
esac
for word in $only; do
    case " $steps " in
    *" $word "*) ;;
    *) echo "unknown step '$word'; $usage" >&2; exit 2 ;;
    esac
done

source=$(cd "$(dirname "$0")/.." && pwd) || exit 2
build=$source/build/gpu-check
out=${out:-$source/build/gpu-check-results}
mkdir -p "$build" "$out" && out=$(cd "$out" && pwd) || exit 2
began=$(date +%s)
summary=$out/summary.txt
: >"$summary"
failed=0 ran=''

# note NAME SECONDS RESULT: a line of the summary.
note() {
    printf '%-10s %5s s  %s\n' "$1" "$2" "$3" >>"$summary"
    printf '== %-10s %5s s  %s\n' "$1" "$2" "$3"
}

# step NAME SECONDS COMMAND...: runs it, but no longer than that and than the time left. What it
# says goes to OUTDIR/NAME.txt, and the end of it here where it fails.
step() {
    name=$1 limit=$2
    shift 2
    start=$(date +%s)
    left=$((began + 60 * minutes - start))
    if [ "$left" -lt 5 ]; then
        note "$name" 0 'FAILED: no time left'
        failed=1
        return 1
    fi
    [ "$limit" -le "$left" ] || limit=$left
    ran="$ran $name"
    timeout -k 5 "$limit" "$@" >"$out/$name.txt" 2>&1
    status=$?
    taken=$(($(date +%s) - start))
    case $status in
    0) note "$name" "$taken" ok && return 0 ;;
    124 | 137) note "$name" "$taken" "FAILED: longer than $limit s" ;;
    *) note "$name" "$taken" "FAILED: status $status" ;;
    esac
    tail -n 12 "$out/$name.txt" | cut -c1-240 | sed 's/^/   | /'
    failed=1
    return 1
}

# skip NAME WHY: is not there, which is no failure.
skip() {
    note "$1" 0 "skipped: $2"
}

# The end, whatever was before.
finish() {
    printf '\n'
    for name in $ran; do
        case $name in
        models | shapes | opencl_shapes) sed -n '/ of copy /,$p' "$out/$name.txt" ;;
        peers) cat "$out/$name.txt" ;;
        verify | memcheck | racecheck | opencl) printf '%s: ' "$name" && tail -n 1 "$out/$name.txt" ;;
        esac
    done
    printf '\n%s\n' "summary ($(($(date +%s) - began)) s in all; texts and JSON in $out):"
    cat "$summary"
    exit $failed
}

wanted() {
    case " ${only:-$1} " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
    esac
}

# ---- What there is

# nvcc's folder has the other tools of CUDA.
for folder in ${CUDA_HOME:+"$CUDA_HOME/bin"} ${CUDA_PATH:+"$CUDA_PATH/bin"} /usr/local/cuda/bin; do
    [ ! -d "$folder" ] || PATH=$PATH:$folder
done
export PATH
if command -v nvidia-smi >/dev/null; then
    timeout 20 nvidia-smi -q >"$out/nvidia-smi.txt" 2>&1
    # "9.0" of the first GPU, as 90.
    architecture=$(timeout 20 nvidia-smi --query-gpu=compute_cap --format=csv,noheader -i 0 2>&1 |
        sed -n '1s/^ *\([0-9][0-9]*\)\.\([0-9]\) *$/\1\2/p')
else
    architecture=
fi
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
echo "GPU's architecture: ${architecture:-not known, so the kernels are built for all}"

# ---- Build: the library with the portable kernels and CUDA's, the programs

configure() {
    set -- -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DGCSTEP_CUDA=ON \
        -DGCSTEP_TESTS=OFF -DGCSTEP_HWLOC=OFF -DGCSTEP_OPENMP=OFF -DGCSTEP_ISA_FOLDERS=OFF \
        ${architecture:+"-DGCSTEP_CUDA_ARCHITECTURES=$architecture-real"} "$@"
    step configure 60 cmake "$@"
}

keep_going=-k
if ! command -v make >/dev/null; then
    export CMAKE_GENERATOR=Ninja
    keep_going=-k0
fi
benches=yes
# Without Google Benchmark CMake says so.
if ! configure -DGCSTEP_BENCH=ON; then
    grep -q 'benchmark' "$out/configure.txt" || finish
    echo 'without Google Benchmark there are no benches'
    benches='' failed=0
    configure -DGCSTEP_BENCH=OFF || finish
fi
# What can be built is used.
step build 240 cmake --build "$build" -j "$jobs" -- $keep_going

# ---- What it does

gcstep=$build/gcstep
models=$build/bench/bench_models

# bench NAME SECONDS OPTION...: bench_models on the GPU, with its JSON.
bench() {
    name=$1 limit=$2
    shift 2
    wanted "$name" || return
    if [ -z "$benches" ]; then
        skip "$name" 'Google Benchmark is not installed'
        return
    fi
    step "$name" "$limit" "$models" --backend=cuda "$@" "--benchmark_out=$out/$name.json"
}

# sanitize TOOL SECONDS: few shapes under compute-sanitizer.
sanitize() {
    wanted "$1" || return
    if ! command -v compute-sanitizer >/dev/null; then
        skip "$1" 'compute-sanitizer is not installed'
        return
    fi
    step "$1" "$2" compute-sanitizer --tool "$1" --error-exitcode 9 "$gcstep" verify \
        --backend cuda --small
}

peers() {
    wanted peers || return
    if ! timeout 60 python3 -c 'import torch; assert torch.version.cuda' 2>/dev/null; then
        skip peers 'python3 has no torch for CUDA'
        return
    fi
    step peers 170 python3 "$source/tools/peers.py" --device cuda --build "$build" --compile \
        --json "$out/peers.json"
}

tune() {
    wanted tune || return
    if ! "$gcstep" tune --help 2>&1 | grep -q -- --backend; then
        skip tune 'this gcstep does not tune for GPUs'
        return
    fi
    step tune 90 "$gcstep" tune --backend cuda --model resnet50 --time 45 --output "$out/table.tsv"
}

# The driver's OpenCL, of which the toolkit has a loader. Without a file that names it to loaders,
# they are told by the environment: Khronos' by the one variable, ocl-icd by the other.
allow_opencl() {
    if ! ls /etc/OpenCL/vendors/*.icd >/dev/null 2>&1; then
        export OCL_ICD_FILENAMES=libnvidia-opencl.so.1 OCL_ICD_VENDORS=libnvidia-opencl.so.1
    fi
    toolkit=$(command -v nvcc) && toolkit=${toolkit%/bin/nvcc}
    export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${toolkit:-/usr/local/cuda}/lib64"
}

# Its GPU, by number; nothing where there is none.
opencl_device() {
    timeout 30 "$gcstep" info >"$out/info_opencl.txt" 2>&1
    sed -n 's/^  device \([0-9]*\) .*, GPU, OpenCL .*/\1/p' "$out/info_opencl.txt" | head -n 1
}

# As CUDA's shapes; and few cases of every kernel, compiled for any form: NVIDIA's compiler has some
# sixty programs to make.
opencl() {
    wanted opencl || wanted opencl_shapes || return
    allow_opencl
    device=$(opencl_device)
    for name in opencl_shapes opencl; do
        if wanted "$name" && [ -z "$device" ]; then
            skip "$name" 'no GPU by OpenCL (info_opencl.txt)'
        fi
    done
    [ -n "$device" ] || return
    bench_by_opencl
    ! wanted opencl || step opencl 240 "$gcstep" verify --backend opencl --device "$device" \
        --small --forms 0
}

bench_by_opencl() {
    wanted opencl_shapes || return
    if [ -z "$benches" ]; then
        skip opencl_shapes 'Google Benchmark is not installed'
        return
    fi
    step opencl_shapes 90 "$models" --backend=opencl --device="$device" --shapes=1 --spec=sgdm \
        --spec=adam --elements=67108864 "--benchmark_out=$out/opencl_shapes.json"
}

! wanted info || step info 30 "$gcstep" info
! wanted verify || step verify 120 "$gcstep" verify --backend cuda
bench models 60 --model=resnet50 --model=vit_b16 --model=gpt2_124m --model=vgg16 \
    --model=mobilenet_v2 --spec=sgdm --spec=adam --rounds=25
bench shapes 75 --shapes=1 --spec=sgdm --spec=adam
sanitize memcheck 60
tune
bench kernels 140 --shapes=1 --all-kernels=1 --spec=sgdm --spec=adam --rounds=9
peers
sanitize racecheck 240 # the longest: an H200 took 2 s a kernel
opencl
finish
