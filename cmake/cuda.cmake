# The CUDA part of the library: kernels/cuda/kernels.cu, compiled by nvcc for several architectures,
# as one fatbin inside the library. The driver that runs it is opened at run time; no other part of
# CUDA is used, at build time or later.
#
# GCSTEP_CUDA: AUTO (where nvcc is found; not for a sanitizer, nor when cross-compiling), ON, OFF.
# Without nvcc there is a backend that says so.
set(GCSTEP_CUDA AUTO CACHE STRING "Compile the CUDA kernels with nvcc: AUTO, ON or OFF")
set_property(CACHE GCSTEP_CUDA PROPERTY STRINGS AUTO ON OFF)

# -real: machine code; -virtual: PTX, which the driver compiles for what has no machine code. Code
# for sm_80 runs on sm_86 and sm_89 too, and so on within a major version.
set(GCSTEP_CUDA_ARCHITECTURES "75-virtual;80-real;90-real;100-real;120-real" CACHE STRING
    "What the CUDA kernels are compiled for")

# One arithmetic (docs/arithmetic.md).
set(gcstep_nvcc_flags -std=c++20 -O3 -fmad=false -prec-div=true -prec-sqrt=true -ftz=false
                      -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include)

function(gcstep_find_nvcc)
  if(GCSTEP_CUDA STREQUAL "AUTO" AND (GCSTEP_SANITIZE OR CMAKE_CROSSCOMPILING))
    return()
  endif()
  if(NOT GCSTEP_CUDA)
    return()
  endif()
  find_program(GCSTEP_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda
               PATH_SUFFIXES bin)
  mark_as_advanced(GCSTEP_NVCC)
  if(GCSTEP_NVCC)
    # Where nvcc is a link, its tools are beside what it points at.
    file(REAL_PATH ${GCSTEP_NVCC} nvcc)
    cmake_path(GET nvcc PARENT_PATH bin)
    set(gcstep_nvcc ${nvcc} PARENT_SCOPE)
    set(gcstep_cuda_bin ${bin} PARENT_SCOPE)
  elseif(NOT GCSTEP_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "GCSTEP_CUDA is ${GCSTEP_CUDA}, but nvcc was not found (set CUDA_HOME)")
  endif()
endfunction()

# A hash of sources and flags, as cmake/kernels.cmake makes one of an ISA's. The architectures are no
# part of it: each is code of its own.
function(gcstep_cuda_impl_rev result)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cuda/*)
  list(APPEND sources ${PROJECT_SOURCE_DIR}/kernels/kernel.h
       ${PROJECT_SOURCE_DIR}/kernels/formulas.inc ${PROJECT_SOURCE_DIR}/kernels/half.inc)
  set(text "-std=c++20 -O3 -fmad=false -prec-div=true -prec-sqrt=true -ftz=false")
  foreach(source IN LISTS sources)
    file(SHA256 ${source} hash)
    string(APPEND text " ${hash}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  string(SHA256 rev "${text}")
  string(SUBSTRING ${rev} 0 12 rev)
  set(${result} ${rev} PARENT_SCOPE)
endfunction()

# gcstep_cuda_architecture(75-virtual images outputs): adds the command that compiles for it, and
# appends to the two lists what fatbinary is told of it, and its file.
function(gcstep_cuda_architecture architecture images_name outputs_name)
  string(REGEX MATCH "^([0-9]+a?)-(real|virtual)$" matched ${architecture})
  if(NOT matched)
    message(FATAL_ERROR "GCSTEP_CUDA_ARCHITECTURES: '${architecture}' is not like 90-real or 75-virtual")
  endif()
  set(sm ${CMAKE_MATCH_1})
  if(CMAKE_MATCH_2 STREQUAL "real")
    set(output ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels_sm_${sm}.cubin)
    set(how -cubin -arch=sm_${sm})
    set(kind elf)
  else()
    set(output ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels_compute_${sm}.ptx)
    set(how -ptx -arch=compute_${sm})
    set(kind ptx)
  endif()
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${gcstep_nvcc} ${gcstep_nvcc_flags} ${how} -MD -MF ${output}.d -MT ${output} -o ${output}
            ${PROJECT_SOURCE_DIR}/kernels/cuda/kernels.cu
    DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cuda/kernels.cu
    DEPFILE ${output}.d
    COMMENT "CUDA kernels for ${how}"
    VERBATIM)
  set(${images_name} ${${images_name}} --image3=kind=${kind},sm=${sm},file=${output} PARENT_SCOPE)
  set(${outputs_name} ${${outputs_name}} ${output} PARENT_SCOPE)
endfunction()

# gcstep_cuda_image(result): the C file that defines gcs_cuda_built_image, with kernels or without.
function(gcstep_cuda_image result)
  gcstep_find_nvcc()
  if(NOT gcstep_nvcc)
    message(STATUS "CUDA kernels: none in this build")
    set(${result} ${PROJECT_SOURCE_DIR}/dispatch/cuda/no_image.c PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${gcstep_nvcc} --version OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "release ([0-9]+)\\.([0-9]+)" matched "${text}")
  math(EXPR GCSTEP_CUDA_VERSION "${CMAKE_MATCH_1} * 1000 + ${CMAKE_MATCH_2} * 10")
  message(STATUS "CUDA kernels: by ${gcstep_nvcc}, CUDA ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
  set(images)
  set(outputs)
  foreach(architecture IN LISTS GCSTEP_CUDA_ARCHITECTURES)
    gcstep_cuda_architecture(${architecture} images outputs)
  endforeach()
  set(GCSTEP_CUDA_FATBIN ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels.fatbin)
  add_custom_command(
    OUTPUT ${GCSTEP_CUDA_FATBIN}
    COMMAND ${gcstep_cuda_bin}/fatbinary --create=${GCSTEP_CUDA_FATBIN} -64 --compress-all ${images}
    DEPENDS ${outputs}
    VERBATIM)
  list(JOIN GCSTEP_CUDA_ARCHITECTURES " " GCSTEP_CUDA_ARCHITECTURE_TEXT)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/cuda_image.c.in ${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c
                 @ONLY)
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c PROPERTIES
    OBJECT_DEPENDS ${GCSTEP_CUDA_FATBIN})
  set(${result} ${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c PARENT_SCOPE)
endfunction()
