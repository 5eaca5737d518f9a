#!/bin/sh
# no_driver.sh PROGRAM FOLDER: where there is no CUDA driver, or none that can be opened, the library
# says so, in one sentence, and all else works. PROGRAM is gcstep.
set -eu

program=${1:?usage: no_driver.sh PROGRAM FOLDER}
folder=${2:?}
mkdir -p "$folder"
echo 'not a library' >"$folder/libcuda.so.1"
output=$(LD_LIBRARY_PATH=$folder "$program" info 2>&1)
echo "$output" | sed -n '/^CUDA/,/^$/p'
echo "$output" | grep -q '^  driver     there is no CUDA driver: .*libcuda\.so\.1' || {
    echo 'FAILED: gcstep info does not say that there is no driver'
    exit 1
}
