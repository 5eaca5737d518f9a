#!/bin/sh
# A test of check/ itself: plants one fault at a time (mutants.txt) in a scratch copy of the
# kernels, and expects check/ to refuse it; the copy without a fault must pass.
#
# usage: mutants.sh BUILD_DIR ISAS [NAME...]   (ISAS: p portable, a avx2, z avx512, n neon; NAME: only
# these mutants). EMULATOR: the command that runs a program of the build, where it takes one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -ge 2 ] && [ -f "$1/CMakeCache.txt" ] || {
    echo "usage: mutants.sh BUILD_DIR ISAS [NAME...], ISAS being 'p', 'a', 'z', 'n' or several of them" >&2
    exit 2
}
build=$(cd "$1" && pwd)
wanted=$2
shift 2
only=" $* "

cc=$(sed -n 's/^set(CMAKE_C_COMPILER "\(.*\)")/\1/p' "$build"/CMakeFiles/*/CMakeCCompiler.cmake)
flags="-std=c11 -Og -ffp-contract=off -fno-math-errno -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' INT TERM

# The variants that a mutant is compiled with: few, for the sake of time. A capital letter stands for
# specialised kernels, a small one for a general one.
specialised() { # ISA LIST
    case $1$2 in
    pF) echo "X(flat, linear, 8)" ;;
    pR) echo "X(rows, pass2, 32)" ;;
    pC) echo "X(cols, strip, 16)" ;;
    pP) echo "X(part, linear, 16)" ;;
    pT) echo "X(flat, traffic, 16)" ;;
    pA) echo "X(flat, linear, 8) X(rows, pass2, 32)" ;;
    aF) echo "X(flat, linear, 2)" ;;
    aR) echo "X(rows, pipe, 4)" ;;
    aC) echo "X(cols, strip, 2)" ;;
    aP) echo "X(part, linear, 4)" ;;
    aT) echo "X(flat, traffic, 1)" ;;
    aB | zB) echo "X(rows, tile, 1)" ;;
    aA) echo "X(flat, linear, 2) X(rows, pipe, 4)" ;;
    zF) echo "X(flat, linear, 2)" ;;
    zR) echo "X(rows, fetch, 4)" ;;
    zA) echo "X(flat, linear, 2) X(rows, fetch, 4)" ;;
    nF) echo "X(flat, linear, 2)" ;;
    nR) echo "X(rows, pipe, 8)" ;;
    nC) echo "X(cols, strip, 4)" ;;
    nB) echo "X(rows, tile, 1)" ;;
    nA) echo "X(flat, linear, 2) X(rows, fours, 8)" ;;
    esac
}

general() { # ISA LIST
    case $1 in p) u=32 ;; n) u=8 ;; *) u=4 ;; esac
    case $2 in
    f) echo "X(none, flat, linear, $u)" ;;
    t) echo "X(none, flat, traffic, 1)" ;;
    r) echo "X(grad, rows, pass2, $u)" ;;
    c) echo "X(grad, cols, panel, $u)" ;;
    u) echo "X(update, rows, pass2, $u)" ;;
    v) echo "X(update, cols, panel, $u)" ;;
    p) echo "X(update, part, linear, $u)" ;;
    q) echo "X(update, part, sums, $u)" ;;
    g) echo "X(given, rows, given, $u)" ;;
    h) echo "X(given, cols, given, $u)" ;;
    k) echo "X(peek, rows, change, $u)" ;;
    A) echo "X(none, flat, linear, $u)" ;;
    esac
}

# The variants.h of a list: the ISA's other macros, and the list's. R, P, S and A have the sums.
variants_header() { # ISA LIST
    sed -n '/^#define GCS_MAX_UNROLL/p; /^#define GCS_BUNDLE/p' "$root/kernels/$folder/variants.h"
    sums=
    case $2 in [RPSAB]) sums=$(sed -n 's/^#define GCS_SUM_VARIANTS(X) //p' \
        "$root/kernels/$folder/variants.h") ;; esac
    echo "#define GCS_VARIANTS(X) $(specialised "$1" "$2")"
    echo "#define GCS_SUM_VARIANTS(X) $sums"
    echo "#define GCS_GENERAL_VARIANTS(X) $(general "$1" "$2")"
}

fresh_copy() {
    rm -rf "$scratch/copy"
    mkdir -p "$scratch/copy" && cp -R "$root/kernels" "$root/dispatch" "$scratch/copy/"
}

# Compiles the copy for one ISA and runs check/ on it. Its objects stand before the archives, so
# that the archives' own are not taken. FILE: what is not as it was. The status is check_isa's, or 9
# where that did not build.
try_copy() { # ISA LIST FLAGS FILE
    case $1 in
    p) folder=portable isa_flags= ;;
    a) folder=avx2 isa_flags="-mavx2 -mf16c" ;;
    z) folder=avx512 isa_flags="-mavx512f" ;;
    n) folder=neon isa_flags= ;;
    esac
    variants_header "$1" "$2" >"$scratch/copy/kernels/$folder/variants.h"
    if [ "$2" != M ]; then # the measuring kernels
        sed -i 's/^#define MEASURE_VIEWS(X).*/#define MEASURE_VIEWS(X)/' \
            "$scratch/copy/kernels/list.inc"
    fi
    # Faults of a loop show with two of the four rules; those of a tile, where -0 tells, with these.
    case $2 in
    R | C) others='sgd adamw' ;;
    B) others='adam adamw' ;;
    *) others= ;;
    esac
    for rule in $others; do
        sed -i "/^    X($rule, GCS_RULE_[A-Z]*, VIEW/d" "$scratch/copy/kernels/list.inc"
    done
    coefficients=
    # shellcheck disable=SC2086 # flags are lists
    case $4 in dispatch/*)
        coefficients=$scratch/coefficients.o
        "$cc" $flags -I"$scratch/copy" -I"$root/include" \
            -c "$scratch/copy/dispatch/coefficients.c" -o "$coefficients" || return 9
        ;;
    esac
    # shellcheck disable=SC2086 # flags are lists
    "$cc" $flags $isa_flags $3 -I"$scratch/copy" -I"$root/include" -DGCSTEP_IMPL_REV='"mutant"' \
        -c "$scratch/copy/kernels/$folder/kernels.c" -o "$scratch/kernels.o" &&
        "$cc" "$scratch/check_isa.o" "$scratch/kernels.o" $coefficients \
            "$build/check/libgcstep_check.a" "$build/reference/libgcstep_reference.a" \
            "$build/dispatch/libgcstep.a" -lm -o "$scratch/check_isa" || return 9
    # shellcheck disable=SC2086 # a command
    ${EMULATOR:-} "$scratch/check_isa" "$folder" >"$scratch/said"
}

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# shellcheck disable=SC2086
"$cc" $flags -I"$root" -I"$root/include" -c "$here/check_isa.c" -o "$scratch/check_isa.o" || exit 2
failures=0
refused=0
runs=
# try_faultless ISA LIST: the copy without a fault passes.
try_faultless() {
    fresh_copy
    try_copy "$1" "$2" "" dispatch/coefficients.c
    status=$?
    case $status in
    0 | 3) ;;
    *) fail "the copy without a fault, ISA '$1', list $2: $(cat "$scratch/said")" ;;
    esac
    return $status
}

for isa in $wanted; do
    try_faultless "$isa" A
    case $? in
    0) runs="$runs $isa" ;;
    3) echo "left out: no kernels of ISA '$isa' here" ;;
    esac
done
# Lists of fewer rules: right with these alone.
for isa in $runs; do
    for list in R B C; do
        [ -z "$(specialised "$isa" $list)" ] || try_faultless "$isa" $list
    done
done
if [ -z "$runs" ] && [ "$failures" -eq 0 ]; then
    echo "skipped: none of these ISAs here"
    exit 77
fi

while IFS= read -r line; do
    case $line in '#'* | '') continue ;; esac
    # The separator is " ; ": sed programs may hold a bare semicolon.
    line="$line "
    name=${line%% ; *} rest=${line#* ; }
    isas=${rest%% ; *} rest=${rest#* ; }
    list=${rest%% ; *} rest=${rest#* ; }
    file=${rest%% ; *} rest=${rest#* ; }
    program=${rest%% ; *} extra=${rest#* ; }
    case $only in '  ' | *" $name "*) ;; *) continue ;; esac
    for isa in $isas; do
        case $runs in *$isa*) ;; *) continue ;; esac
        fresh_copy
        sed -e "$program" "$root/$file" >"$scratch/copy/$file"
        if cmp -s "$root/$file" "$scratch/copy/$file"; then
            fail "$name: sed changed nothing in $file"
            continue
        fi
        try_copy "$isa" "$list" "$extra" "$file"
        case $? in
        1)
            refused=$((refused + 1))
            echo "refused: $name ($isa): $(cat "$scratch/said")"
            ;;
        0) fail "$name ($isa) passed: $(cat "$scratch/said")" ;;
        *) fail "$name ($isa) could not be built or run" ;;
        esac
    done
done <"$here/mutants.txt"

echo "$refused faults refused, $failures failures"
[ "$refused" -gt 0 ] && [ "$failures" -eq 0 ]
