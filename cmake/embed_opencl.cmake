# Script: writes OUTPUT, a C file with the source of the OpenCL kernels as the array
# gcs_opencl_source. ROOT is the folder of the project.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/opencl.cmake)
gcstep_opencl_resolve(${ROOT} kernels/opencl/kernels.cl text files)
set(FILE ${OUTPUT}.cl)
set(SYMBOL gcs_opencl_source)
file(WRITE ${FILE} "${text}")
include(${CMAKE_CURRENT_LIST_DIR}/embed_file.cmake)
