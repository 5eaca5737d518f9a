#!/bin/sh
# loaders.sh PROGRAM FOLDER: which loaders of OpenCL the library takes, by what `gcstep info` says.
# PROGRAM is gcstep; FOLDER has the stand-ins, in folders of their own.
set -eu

program=${1:?usage: loaders.sh PROGRAM FOLDER}
folder=${2:?}

# says FOLDER PATTERN: with the libOpenCL.so.1 of that folder a line of the part on OpenCL has it.
says() {
    output=$(LD_LIBRARY_PATH=$1 "$program" info 2>&1 | sed -n '/^OpenCL/,/^$/p')
    echo "$output" | grep -q -e "$2" || {
        echo "FAILED: with $1 gcstep info does not say '$2', but"
        echo "$output"
        exit 1
    }
    echo "$output" | grep -e "$2"
}

mkdir -p "$folder/no-loader"
echo 'not a library' >"$folder/no-loader/libOpenCL.so.1"
says "$folder/no-loader" '^  loader     there is no OpenCL loader: .*libOpenCL\.so\.1'
says "$folder/standin-1.1" '^  loader     .* no function clEnqueue[a-zA-Z]*: OpenCL 1\.2 is the oldest'
says "$folder/standin-1.2" '^  device 0   Stand-in GPU, GPU, .* keeps the bits: yes$'
says "$folder/standin" '^  device 0   Stand-in GPU, GPU, .* keeps the bits: yes$'
says "$folder/standin" '^  device 2   Stand-in old, .* keeps the bits: no$'
says "$folder/standin" '^  kernels    in source, revision [0-9a-f]*$'
