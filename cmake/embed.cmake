# gcstep_embed(file symbol output): at build time, makes `output` (a C file in the current binary
# folder) that defines `const char symbol[]` with the text of `file`, ended by '\0'.
function(gcstep_embed file symbol output)
  add_custom_command(
    OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output}
    COMMAND ${CMAKE_COMMAND} -DFILE=${file} -DSYMBOL=${symbol}
            -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${output}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
    VERBATIM)
endfunction()
