# Plans for an OpenCL device. What needs no device:
gcstep_test(opencl_cut test_cut.c)
gcstep_test(opencl_choice test_choice.c)
# On the stand-in for its loader.
gcstep_test(opencl_plan test_plan.c opencl_standin)
gcstep_test(opencl_plan_refused test_plan_refused.c opencl_standin)
gcstep_test(opencl_table test_table.c)

# Tests on a real one are skipped where there is none. PoCL keeps its programs from run to run, in the
# build folder, and from test to test, which therefore do not run side by side: a compiler takes
# seconds for each. gcstep keeps them beside in `programs`, or with 0 none: to hand out a binary PoCL
# compiles each once more, for work-groups of any size, which is half of its time.
function(opencl_keep_programs test programs)
  set_tests_properties(${test} PROPERTIES RESOURCE_LOCK opencl_programs COST 100)
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT_MODIFICATION
    GCSTEP_OPENCL_CACHE=set:${programs} POCL_CACHE_DIR=set:${CMAKE_CURRENT_BINARY_DIR}/pocl)
endfunction()

function(opencl_plan_test name)
  gcstep_test(opencl_${name} test_${name}.c)
  target_include_directories(opencl_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  opencl_keep_programs(opencl_${name} 0)
  # Minutes, where nothing is kept yet and other tests have the processors.
  set_tests_properties(opencl_${name} PROPERTIES TIMEOUT 900)
endfunction()

# Not with sanitizers, which find the same on the stand-in, without minutes of a compiler; to be timed,
# a tensor needs four times what the caches hold.
if(NOT CMAKE_CROSSCOMPILING AND NOT GCSTEP_SANITIZE)
  foreach(name IN ITEMS plan_bits plan_measure)
    opencl_plan_test(${name})
  endforeach()
  gcstep_script_test(opencl_tune test_tune.sh $<TARGET_FILE:gcstep_program>)
  opencl_keep_programs(opencl_tune ${CMAKE_CURRENT_BINARY_DIR}/programs)
endif()
