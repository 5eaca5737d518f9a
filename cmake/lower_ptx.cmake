# Script: writes OUTPUT, the PTX of INPUT as PTX of version 7.7, which drivers of CUDA 11.7 and later
# take: nvcc writes its own version, however little of it is used. Left out is a hint that older
# versions do not have. The test cuda_ptx has ptxas check what comes out.
file(READ ${INPUT} text)
string(REGEX REPLACE "\n\\.version [0-9.]+\n" "\n.version 7.7\n" text "${text}")
string(REGEX REPLACE "\n[ \t]*\\.pragma \"used_bytes_mask[^\n]*" "" text "${text}")
file(WRITE ${OUTPUT}.tmp "${text}")
file(RENAME ${OUTPUT}.tmp ${OUTPUT})
