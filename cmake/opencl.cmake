# The OpenCL part of the library: the source of its kernels, kernels/opencl/kernels.cl, lies in it as
# one text, which the device's own compiler gets at run time. Nothing of OpenCL is needed to build.

# gcstep_opencl_resolve(root file text files): the text of `file`, a path from the folder `root` on,
# with each line `#include "path"` replaced by the file at root/path, once; a second line of the same
# path becomes empty, whatever conditions are around it. #line keeps the names and lines of the files
# in what a compiler says. `files`: the paths, the first is `file`.
function(gcstep_opencl_resolve root file text files)
  set(seen ${file})
  gcstep_opencl_resolve_into(${root} ${file} resolved)
  set(${text} "${resolved}" PARENT_SCOPE)
  set(${files} "${seen}" PARENT_SCOPE)
endfunction()

# Adds to the caller's list `seen`.
function(gcstep_opencl_resolve_into root file text)
  file(READ ${root}/${file} rest)
  set(done "#line 1 \"${file}\"\n")
  set(line 0) # of `done`
  while(TRUE)
    string(REGEX MATCH "(^|\n)[ \t]*#[ \t]*include[ \t]*\"([^\"\n]+)\"[^\n]*" matched "${rest}")
    set(included "${CMAKE_MATCH_2}")
    if(matched STREQUAL "")
      break()
    endif()
    string(FIND "${rest}" "${matched}" at)
    string(LENGTH "${matched}" length)
    string(SUBSTRING "${rest}" 0 ${at} before)
    if(matched MATCHES "^\n")
      string(APPEND before "\n")
    endif()
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    string(REGEX REPLACE "[^\n]" "" newlines "${before}")
    string(LENGTH "${newlines}" newlines)
    math(EXPR line "${line} + ${newlines}")
    string(APPEND done "${before}")
    if(NOT included IN_LIST seen)
      if(NOT EXISTS ${root}/${included})
        math(EXPR line "${line} + 1")
        message(FATAL_ERROR "${file}:${line}: there is no file ${included}")
      endif()
      list(APPEND seen ${included})
      gcstep_opencl_resolve_into(${root} ${included} inner)
      math(EXPR next "${line} + 1") # of the line that stood there: its newline is in `rest`
      string(APPEND done "${inner}#line ${next} \"${file}\"\n")
    endif()
  endwhile()
  string(APPEND done "${rest}")
  set(${text} "${done}" PARENT_SCOPE)
  set(seen "${seen}" PARENT_SCOPE)
endfunction()

# gcstep_opencl_source(sources): C files, of which one is made at build time, that define
# gcs_opencl_source and gcs_opencl_impl_rev(); and a hash of the text, as cmake/kernels.cmake makes
# one of an ISA's sources. The options that the device's compiler gets are in dispatch/opencl/.
function(gcstep_opencl_source sources)
  set(root ${PROJECT_SOURCE_DIR})
  gcstep_opencl_resolve(${root} kernels/opencl/kernels.cl text files)
  list(TRANSFORM files PREPEND ${root}/)
  # What is included may have changed with any of them.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  string(SHA256 rev "${text}")
  string(SUBSTRING ${rev} 0 12 rev)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/opencl_source.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DROOT=${root} -DOUTPUT=${output} -P ${root}/cmake/embed_opencl.cmake
    DEPENDS ${files} ${root}/cmake/embed_opencl.cmake ${root}/cmake/embed_file.cmake
            ${root}/cmake/opencl.cmake
    VERBATIM)
  set_source_files_properties(${root}/dispatch/opencl/source.c PROPERTIES
    COMPILE_DEFINITIONS GCSTEP_OPENCL_IMPL_REV="${rev}")
  set(${sources} ${root}/dispatch/opencl/source.c ${output} PARENT_SCOPE)
endfunction()
