# Plans for an OpenCL device. What needs no device:
gcstep_test(opencl_cut opencl/test_cut.c)
gcstep_test(opencl_choice opencl/test_choice.c)
