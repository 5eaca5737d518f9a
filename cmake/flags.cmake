# Flags of every target. gcstep_flags is linked PRIVATE by each target of this project.
add_library(gcstep_flags INTERFACE)
target_include_directories(gcstep_flags INTERFACE ${PROJECT_SOURCE_DIR}
                                                  ${PROJECT_SOURCE_DIR}/include)
# One arithmetic (docs/arithmetic.md): no fused multiply-add anywhere; no errno from sqrt.
target_compile_options(gcstep_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                              -ffp-contract=off -fno-math-errno)
target_compile_definitions(gcstep_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
if(GCSTEP_SANITIZE)
  target_compile_options(gcstep_flags INTERFACE -fsanitize=${GCSTEP_SANITIZE}
                                                -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gcstep_flags INTERFACE -fsanitize=${GCSTEP_SANITIZE})
endif()
