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

# gcstep_cuda_compile(output how...): the command that makes the file. Spills and local memory, which
# make a kernel slow, are warned of, and no build passes with them where warnings are errors.
function(gcstep_cuda_compile output)
  set(warnings -Xptxas --warn-on-spills,--warn-on-local-memory-usage)
  if(CMAKE_COMPILE_WARNING_AS_ERROR)
    list(APPEND warnings -Xptxas --warning-as-error -Werror all-warnings)
  endif()
  list(JOIN ARGN " " text)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${gcstep_nvcc} ${gcstep_nvcc_flags} ${warnings} ${ARGN} -MD -MF ${output}.d -MT ${output}
            -o ${output} ${PROJECT_SOURCE_DIR}/kernels/cuda/kernels.cu
    DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cuda/kernels.cu
    DEPFILE ${output}.d
    COMMENT "CUDA kernels: ${text}"
    VERBATIM)
endfunction()

# gcstep_cuda_architectures(code ptx): of GCSTEP_CUDA_ARCHITECTURES, makes lists of what fatbinary is
# told: kind,architecture,file.
function(gcstep_cuda_architectures code ptx)
  set(of_code)
  set(of_ptx)
  foreach(architecture IN LISTS GCSTEP_CUDA_ARCHITECTURES)
    string(REGEX MATCH "^([0-9]+a?)-(real|virtual)$" matched ${architecture})
    if(NOT matched)
      message(FATAL_ERROR
        "GCSTEP_CUDA_ARCHITECTURES: '${architecture}' is not like 90-real or 75-virtual")
    endif()
    set(sm ${CMAKE_MATCH_1})
    if(CMAKE_MATCH_2 STREQUAL "real")
      set(output ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels_sm_${sm}.cubin)
      gcstep_cuda_compile(${output} -cubin -arch=sm_${sm})
      list(APPEND of_code kind=elf,sm=${sm},file=${output})
    else()
      set(output ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels_compute_${sm})
      gcstep_cuda_compile(${output}.nvcc.ptx -ptx -arch=compute_${sm})
      add_custom_command(
        OUTPUT ${output}.ptx
        COMMAND ${CMAKE_COMMAND} -DINPUT=${output}.nvcc.ptx -DOUTPUT=${output}.ptx
                -P ${PROJECT_SOURCE_DIR}/cmake/lower_ptx.cmake
        DEPENDS ${output}.nvcc.ptx ${PROJECT_SOURCE_DIR}/cmake/lower_ptx.cmake
        VERBATIM)
      list(APPEND of_ptx kind=ptx,sm=${sm},file=${output}.ptx)
      # For the tests: a command that checks it.
      set_property(GLOBAL APPEND PROPERTY GCSTEP_CUDA_PTX_CHECKS
                   "${gcstep_cuda_bin}/ptxas -arch=sm_${sm} ${output}.ptx -o /dev/null")
    endif()
  endforeach()
  set(${code} ${of_code} PARENT_SCOPE)
  set(${ptx} ${of_ptx} PARENT_SCOPE)
endfunction()

# gcstep_cuda_fatbin(output compression images...)
function(gcstep_cuda_fatbin output compression)
  string(REGEX REPLACE "[^;]*file=" "" files "${ARGN}")
  list(TRANSFORM ARGN PREPEND "--image3=")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${gcstep_cuda_bin}/fatbinary --create=${output} -64 ${compression} ${ARGN}
    DEPENDS ${files}
    VERBATIM)
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
  gcstep_cuda_architectures(code ptx)
  set(GCSTEP_CUDA_FATBIN ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels.fatbin)
  set(GCSTEP_CUDA_PTX_FATBIN ${CMAKE_CURRENT_BINARY_DIR}/cuda_kernels_ptx.fatbin)
  gcstep_cuda_fatbin(${GCSTEP_CUDA_FATBIN} --compress-all ${code} ${ptx})
  set(fatbins ${GCSTEP_CUDA_FATBIN})
  set(GCSTEP_CUDA_HAS_PTX 0)
  if(ptx)
    # By the method that drivers before CUDA 12.4 know; a compiler of theirs knows no other.
    set(compression --compress-all)
    if(GCSTEP_CUDA_VERSION GREATER_EQUAL 13000)
      list(APPEND compression --compress-mode=speed)
    endif()
    gcstep_cuda_fatbin(${GCSTEP_CUDA_PTX_FATBIN} "${compression}" ${ptx})
    list(APPEND fatbins ${GCSTEP_CUDA_PTX_FATBIN})
    set(GCSTEP_CUDA_HAS_PTX 1)
  endif()
  list(JOIN GCSTEP_CUDA_ARCHITECTURES " " GCSTEP_CUDA_ARCHITECTURE_TEXT)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/cuda_image.c.in ${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c
                 @ONLY)
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c PROPERTIES
    OBJECT_DEPENDS "${fatbins}")
  set(${result} ${CMAKE_CURRENT_BINARY_DIR}/cuda_image.c PARENT_SCOPE)
endfunction()
