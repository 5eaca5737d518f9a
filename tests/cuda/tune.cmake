# gcstep tune --backend cuda, from the program's arguments to the table, on the stand-in for the driver
# and the twin. Nothing here starts a thread that ThreadSanitizer would have to see.
if(NOT TARGET cuda_kernels_host OR GCSTEP_SANITIZE MATCHES thread)
  return()
endif()
get_target_property(sources gcstep_program SOURCES)
list(FILTER sources EXCLUDE REGEX "^(main|topology_.*)\\.c$")
list(APPEND sources topology_sysfs.c) # hwloc is of no use here
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/tune/)
add_executable(tune_on_twin cuda/tune_on_twin.c ${sources})
get_target_property(definitions gcstep_program COMPILE_DEFINITIONS)
target_compile_definitions(tune_on_twin PRIVATE ${definitions})
target_link_libraries(tune_on_twin PRIVATE
  cuda_kernels_host cuda_twin cuda_standin gcstep_check gcstep_measure gcstep_models gcstep_reference
  gcstep_static gcstep_flags m ${CMAKE_DL_LIBS})
set_target_properties(tune_on_twin PROPERTIES ENABLE_EXPORTS ON) # kernels are found by their symbols
gcstep_script_test(cuda_tune cuda/test_tune.sh $<TARGET_FILE:tune_on_twin>)
