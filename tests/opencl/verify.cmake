# gcstep verify --backend opencl: the kernels on what is installed, PoCL in general, and in Oclgrind.
if(CMAKE_CROSSCOMPILING OR GCSTEP_SANITIZE MATCHES thread)
  return()
endif()
set(opencl_source ${PROJECT_BINARY_DIR}/dispatch/opencl_source.c.cl)

# opencl_environment(name folder): what PoCL has compiled is kept in that folder of the build, one for
# each of its ways to run a work-group: it does not tell them apart. gcstep keeps nothing: to hand out
# a binary PoCL compiles each program once more. Drivers and their compilers leave memory behind.
function(opencl_environment name folder)
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT_MODIFICATION
    GCSTEP_OPENCL_CACHE=set:0
    POCL_CACHE_DIR=set:${CMAKE_CURRENT_BINARY_DIR}/${folder}-pocl
    ASAN_OPTIONS=string_append::detect_leaks=0 ${ARGN})
endfunction()

# opencl_verify(name method arguments): the kernels pass; PoCL runs a work-group by that method.
function(opencl_verify name method)
  gcstep_script_test(opencl_${name} opencl/verify.sh $<TARGET_FILE:gcstep_program> 0
    " cases, 0 failures, on " verify ${ARGN})
  opencl_environment(opencl_${name} verify-${method} POCL_WORK_GROUP_METHOD=set:${method})
  set_tests_properties(opencl_${name} PROPERTIES COST 100) # start early
endfunction()

# Few shapes of every kernel; all cases of some of them. Kernels for any form are built without
# optimization, of which PoCL's two methods make the same code, byte for byte: the second runs a
# sample, in case another PoCL does not. What plans build, for one form each, is what the tests of
# plans are about.
if(GCSTEP_SANITIZE)
  opencl_verify(loopvec loopvec --small --forms 0 --share 1/7)
else()
  foreach(share IN ITEMS 0 1)
    opencl_verify(loopvec_${share} loopvec --small --forms 0 --share ${share}/2)
  endforeach()
  opencl_verify(workitemloops workitemloops --small --cases 1 --forms 0 --share 9/13)
  opencl_verify(all_cases auto --forms 0 --share 3/13)
endif()

# The rest is about what compilers make of the source, and takes minutes of them.
if(GCSTEP_SANITIZE)
  return()
endif()

# ---- A fault in the source is found -------------------------------------------------------------

add_executable(opencl_verify_planted opencl/verify_planted.c
  ${PROJECT_SOURCE_DIR}/tune/cmd_verify.c ${PROJECT_SOURCE_DIR}/tune/options.c
  ${PROJECT_SOURCE_DIR}/tune/verify_cuda.c ${PROJECT_SOURCE_DIR}/tune/verify_opencl.c
  ${PROJECT_SOURCE_DIR}/tune/verify_report.c)
target_link_libraries(opencl_verify_planted PRIVATE gcstep_check gcstep_reference gcstep_static
                                                    gcstep_flags m)

# opencl_planted(name kernel from to status pattern): with `to` in place of `from` in the source.
function(opencl_planted name kernel from to status pattern)
  gcstep_script_test(opencl_finds_${name} opencl/verify.sh $<TARGET_FILE:opencl_verify_planted>
    ${status} ${pattern} ${opencl_source} ${from} ${to} --small --forms 0 --kernel ${kernel})
  opencl_environment(opencl_finds_${name} planted)
endfunction()

set(keeps any_grad_rows_any_opencl_keep256x1_u4)
set(again any_grad_rows_any_opencl_again256x1_u4)
opencl_planted(none ${keeps} "BODY(&b)" "BODY(&b)" 0 "0 failures  same bits")
opencl_planted(mean ${keeps} "y[j] = v_sub(y[j], mean[j])" "y[j] = y[j]" 1 "must be")
opencl_planted(beside ${keeps} "i >= n ? 0 :" "i > n ? 0 : i == n ? 1 :" 1 "wrote beside ")
opencl_planted(found_inf ${keeps} "flags[group->flag - 1] == 0.0f" "true" 1 "must be")
opencl_planted(flag ${keeps} "group->flag == 0 ||" "group->flag == 0 ? flags[0] == 0.0f :" 1 "must be")
opencl_planted(first_step ${keeps} "if (group->first_step)" "if (false)" 1 "must be")
opencl_planted(matrices ${keeps} "BODY(&b);"
  "BODY(&b), ((__global gcs_opencl_matrix *)matrices)->rows = 1;" 1 "changed the matrices")
opencl_planted(figures any_none_rows_any_opencl_measure1x16_u2 "BODY(&b);"
  "BODY(&b), b.scratch[b.stride - 1 + b.matrix->figure] = 1.0f;" 1 "wrote beside the figures")
opencl_planted(refused ${keeps} "BODY(&b);" "BODY(&nothing);" 1 "nothing")

# ---- In Oclgrind --------------------------------------------------------------------------------

# opencl_oclgrind(name finds level arguments): it says that, of what is planted, or nothing.
function(opencl_oclgrind name finds level program)
  gcstep_script_test(opencl_oclgrind_${name} opencl/oclgrind.sh ${finds} ${level}
    $<TARGET_FILE:${program}> ${ARGN})
  set_tests_properties(opencl_oclgrind_${name} PROPERTIES COST 150 TIMEOUT 900) # start early
endfunction()

# One shape with every access that the source has; those that need longer loops with what an
# optimizer leaves of them, as a plan's kernels are built, and 2.5 to 10 times as fast.
opencl_oclgrind(source nothing -O0 gcstep_program verify --small --cases 1 --forms 0)
foreach(share IN ITEMS 0 1)
  opencl_oclgrind(${share} nothing -O1 gcstep_program verify --small --cases 4 --forms 0
    --share ${share}/2)
endforeach()
# A row that is shared is folded by all work-items, and one uses the sum: an optimizer leaves the
# others no read of it.
foreach(center IN ITEMS grad update)
  opencl_oclgrind(split_${center} nothing -O0 gcstep_program verify --small --cases 2 --forms 0
    --kernel any_${center}_rows_any_opencl_split256x1_u8)
endforeach()
# What is planted is found at either level.
foreach(level IN ITEMS 0 1)
  if(level EQUAL 0)
    set(few --small --cases 1 --forms 0 --kernel)
  else()
    set(few --small --cases 3 --forms 0 --kernel)
  endif()
  opencl_oclgrind(finds_none_O${level} nothing -O${level} opencl_verify_planted ${opencl_source}
    "BODY(&b)" "BODY(&b)" ${few} ${again})
  # The first barrier of the source is that of a level of sums.
  opencl_oclgrind(finds_race_O${level} "data race at local memory" -O${level} opencl_verify_planted
    ${opencl_source} "wait_for_all(CLK_LOCAL_MEM_FENCE)" "(void)0" ${few} ${again})
  opencl_oclgrind(finds_write_O${level} "Invalid write" -O${level} opencl_verify_planted
    ${opencl_source} "i >= n ? 0 :" "i > n ? 0 : i == n ? 1 :" ${few} ${again})
endforeach()

# Its device does not say that it rounds quotients and roots correctly, so its results are held to the
# bound of what OpenCL C allows: a quotient that is 1 ulp off is within, one of 84 ulp is not. PoCL has
# to keep the bits.
set(few --small --forms 0 --kernel any_grad_rows_any_opencl_again1x16_u4)
opencl_planted(quotient any_grad_rows_any_opencl_again1x16_u4 "return a / b"
  "return a / b * 1.0000001f" 1 "must be")
opencl_oclgrind(quotient nothing -O0 opencl_verify_planted ${opencl_source} "return a / b"
  "return a / b * 1.0000001f" ${few})
opencl_oclgrind(finds_quotient "the reference says" -O0 opencl_verify_planted ${opencl_source}
  "return a / b" "return a / b * 1.00001f" ${few})
