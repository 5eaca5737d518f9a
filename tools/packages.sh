#!/bin/sh
# Installs the Debian packages that building, testing and benching need, where some are missing.
# Without apt it names what is missing and goes on: CMake says what it cannot do without.
#
#   sh tools/packages.sh          to build, tune and bench
#   sh tools/packages.sh tests    also what the tests need; python3-torch, for the parity test, is
#                                 large: with what it needs 160 MB to fetch and 700 MB on disk
set -eu

wanted='cmake ninja-build gcc g++ pkg-config libhwloc-dev libbenchmark-dev python3 libcmocka-dev'
if [ "${1:-}" = tests ]; then
    wanted="$wanted clang libomp-dev make qemu-user binutils libsimde-dev libboost-context-dev"
    wanted="$wanted python3-torch openmpi-bin libopenmpi-dev"
    wanted="$wanted ocl-icd-libopencl1 pocl-opencl-icd oclgrind"
    # For the preset aarch64, which is not for machines that are it.
    case $(uname -m) in
    aarch64 | arm64) ;;
    *) wanted="$wanted gcc-aarch64-linux-gnu g++-aarch64-linux-gnu" ;;
    esac
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "packages.sh: no apt here. Needed, by their Debian names: $wanted" >&2
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "packages.sh: neither root nor sudo; please have these installed:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "packages.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086  # a list of names
$as_root apt-get install -q -y --no-install-recommends $missing
