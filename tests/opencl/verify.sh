#!/bin/sh
# verify.sh PROGRAM STATUS PATTERN ARGUMENTS...: PROGRAM ARGUMENTS --backend opencl ends with that
# status and says the pattern; the devices are those that the loader finds. Skipped where there are
# none.
set -u

program=${1:?usage: verify.sh PROGRAM STATUS PATTERN ARGUMENTS...}
status=${2:?}
pattern=${3:?}
shift 3

output=$("$program" "$@" --backend opencl 2>&1)
got=$?
echo "$output"
case $output in
*'there is no OpenCL loader'* | *'the OpenCL loader finds no platform'* | *'OpenCL has no device'*) exit 77 ;;
esac
[ "$got" -eq "$status" ] || {
    echo "FAILED: exit status $got, must be $status"
    exit 1
}
echo "$output" | grep -q -e "$pattern" || {
    echo "FAILED: it does not say: $pattern"
    exit 1
}
