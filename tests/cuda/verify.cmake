# gcstep verify --backend cuda, from the program's arguments to the kernels, on the stand-in for the
# driver and the twin. Nothing here starts a thread; what ThreadSanitizer has to see of the kernels is
# shown to it by cuda_check_races.
if(NOT TARGET cuda_kernels_host OR GCSTEP_SANITIZE MATCHES thread)
  return()
endif()
add_executable(verify_on_twin cuda/verify_on_twin.c ${PROJECT_SOURCE_DIR}/tune/cmd_verify.c
  ${PROJECT_SOURCE_DIR}/tune/options.c ${PROJECT_SOURCE_DIR}/tune/verify_cuda.c
  ${PROJECT_SOURCE_DIR}/tune/verify_opencl.c
  ${PROJECT_SOURCE_DIR}/tune/verify_report.c)
target_link_libraries(verify_on_twin PRIVATE
  cuda_kernels_host cuda_twin cuda_standin gcstep_check gcstep_reference gcstep_static gcstep_flags m
  ${CMAKE_DL_LIBS})
set_target_properties(verify_on_twin PROPERTIES ENABLE_EXPORTS ON) # kernels are found by their symbols

# cuda_verify(name trouble status text arguments): with that trouble it says the text.
function(cuda_verify name trouble status text)
  add_test(NAME cuda_verify_${name} COMMAND verify_on_twin ${trouble} ${status} ${ARGN})
  gcstep_test_properties(cuda_verify_${name} program)
  # Both are looked at: the exit status of the program is that of the comparison.
  if(text)
    set_tests_properties(cuda_verify_${name} PROPERTIES
      PASS_REGULAR_EXPRESSION "${text}.*exit status ${status}, [0-9]+ launches, left on the device: 0")
  endif()
endfunction()

set(row sgdm_grad_rows_f32_cuda_block128_u2)
cuda_verify(flat none 0 "" --backend cuda --kernel sgdm_none_flat_f32_cuda_linear256_u1)
cuda_verify(rows none 0 "same bits" --backend cuda --device 1 --kernel ${row})
cuda_verify(any none 0 "" --backend cuda --kernel any_update_rows_any_cuda_block256_u2)
cuda_verify(given none 0 "" --backend cuda --kernel any_given_rows_any_cuda_given256_u1)
cuda_verify(measure none 0 "" --backend cuda --kernel any_none_part_any_cuda_measure256_u1)
cuda_verify(split none 0 "" --backend cuda --small --kernel adam_grad_rows_f32_cuda_split256_u2)
cuda_verify(cluster none 0 "" --backend cuda --small --kernel adam_grad_cols_f32_cuda_cluster512_u2)

# What a kernel, or the GPU, may do wrong.
cuda_verify(beside beside 1 "wrote beside w" --backend cuda --kernel ${row})
cuda_verify(before before 1 "wrote beside m" --backend cuda --kernel ${row})
cuda_verify(wrong wrong 1 "not the same bits.*w.489. is [^\n]*, must be" --backend cuda --kernel ${row})
cuda_verify(descriptor descriptor 1 "changed the matrices" --backend cuda --kernel ${row})
cuda_verify(record record 1 "the counter of a record is not 0" --backend cuda
  --kernel sgdm_grad_rows_f32_cuda_split256_u2)
cuda_verify(fault fault 1 "4 cases  1 failures.*CUDA_ERROR_ILLEGAL_ADDRESS" --backend cuda --kernel ${row})
cuda_verify(memory memory 1 "CUDA_ERROR_OUT_OF_MEMORY" --backend cuda --kernel ${row})
cuda_verify(no_gpu no_gpu 2 "CUDA cannot be used: CUDA_ERROR_NO_DEVICE" --backend cuda)
cuda_verify(device none 2 "there is no GPU 2; this machine has 2" --backend cuda --device 2)
cuda_verify(kernel none 2 "unknown CUDA kernel 'sgdm'" --backend cuda --kernel sgdm)
cuda_verify(isa none 2 "--backend cuda goes with none of" --backend cuda --isa avx2)
cuda_verify(backend none 2 "unknown backend 'gpu'" --backend gpu)
cuda_verify(cpu none 2 "--small goes with --backend cuda or opencl" --small)
if(GCSTEP_SANITIZE MATCHES address)
  # Each buffer is an allocation of its own, of just its bytes.
  add_test(NAME cuda_verify_apart COMMAND verify_on_twin beside 1 --backend cuda --small --kernel ${row})
  gcstep_test_properties(cuda_verify_apart program)
  set_tests_properties(cuda_verify_apart PROPERTIES
    PASS_REGULAR_EXPRESSION "ERROR: AddressSanitizer: heap-buffer-overflow")
endif()
