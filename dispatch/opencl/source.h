/* The source of the OpenCL kernels, as it lies in the library. */
#ifndef GCSTEP_DISPATCH_OPENCL_SOURCE_H
#define GCSTEP_DISPATCH_OPENCL_SOURCE_H

/* Made by cmake/opencl.cmake, ended by '\0'. */
extern const char gcs_opencl_source[];

/* The hash of that text, for the lines of a table. */
const char *gcs_opencl_impl_rev(void);

#endif
