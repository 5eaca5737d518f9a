# bench_models --backend=cuda on the stand-in for CUDA's driver.
if(NOT TARGET bench_models)
  return()
endif()
find_package(benchmark REQUIRED)
get_target_property(sources bench_models SOURCES)
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/bench/)
add_executable(bench_on_standin cuda/standin_image.c ${sources})
target_link_libraries(bench_on_standin PRIVATE
  cuda_standin gcstep_check gcstep_models gcstep_measure gcstep_static gcstep_flags benchmark::benchmark
  Threads::Threads)
gcstep_script_test(cuda_bench test_cuda_bench.sh $<TARGET_FILE:bench_on_standin>)
