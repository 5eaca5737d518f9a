# gcstep_kernel_folder(ISA flags...): the object library gcstep_kernels_<ISA> from
# kernels/<ISA>/kernels.c, compiled with these flags and no others' (no ISA flag leaves its folder).
#
# GCSTEP_IMPL_REV is a hash of what the kernels are made from, sources and flags, so that a line of
# a table can tell whether it was measured on this code.
function(gcstep_kernel_folder isa)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.h
       ${PROJECT_SOURCE_DIR}/kernels/*.inc ${PROJECT_SOURCE_DIR}/kernels/${isa}/*)
  set(text "${ARGN} ${CMAKE_C_FLAGS} ${CMAKE_BUILD_TYPE}")
  foreach(source IN LISTS sources)
    file(SHA256 ${source} hash)
    string(APPEND text " ${hash}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  string(SHA256 rev "${text}")
  string(SUBSTRING ${rev} 0 12 rev)

  add_library(gcstep_kernels_${isa} OBJECT ${PROJECT_SOURCE_DIR}/kernels/${isa}/kernels.c)
  target_link_libraries(gcstep_kernels_${isa} PRIVATE gcstep_flags)
  target_compile_options(gcstep_kernels_${isa} PRIVATE ${ARGN})
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(gcstep_kernels_${isa} PRIVATE -O3)
  endif()
  if(GCSTEP_SANITIZE MATCHES address AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Half the time for the compiler (docs/decisions.md): what AddressSanitizer finds of null pointers
    # and of the ends of objects is not looked for twice, and no pointer to a local is kept.
    target_compile_options(gcstep_kernels_${isa} PRIVATE
      -O1 -fno-sanitize=null,object-size -fno-sanitize-address-use-after-scope)
  endif()
  target_compile_definitions(gcstep_kernels_${isa} PRIVATE GCSTEP_IMPL_REV="${rev}")
endfunction()
