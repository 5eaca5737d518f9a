/* The OpenCL kernels: one program. Paths of includes are from the project's folder on; the build puts
 * all of it into one text (cmake/opencl.cmake). */
#pragma OPENCL FP_CONTRACT OFF

__kernel void gcs_opencl_nothing(__global float *x) {
    x[get_global_id(0)] = 0;
}
