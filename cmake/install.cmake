# What `cmake --install` puts where: the header, the libraries, the program, the data, and the files
# by which CMake (find_package) and pkg-config find the library. Nothing installed holds an absolute
# path, so the whole prefix may be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gcstep)
set(data_dir ${CMAKE_INSTALL_DATADIR}/gcstep)

# The names that users link, also for those who add this project as a subdirectory.
add_library(gcstep::gcstep ALIAS gcstep_shared)
add_library(gcstep::gcstep_static ALIAS gcstep_static)
set_target_properties(gcstep_shared PROPERTIES EXPORT_NAME gcstep)

# Those who link the static library link what it uses too, as plain library names.
set(private_libraries m pthread ${CMAKE_DL_LIBS})
if(GCSTEP_OPENMP)
  list(PREPEND private_libraries ${OpenMP_C_LIB_NAMES})
  list(REMOVE_DUPLICATES private_libraries)
endif()
target_link_libraries(gcstep_static INTERFACE "$<INSTALL_INTERFACE:${private_libraries}>")

install(TARGETS gcstep_shared gcstep_static EXPORT gcstep-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS gcstep_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES include/gcstep/gcstep.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcstep)
install(DIRECTORY models/ DESTINATION ${data_dir}/models
  FILES_MATCHING PATTERN "*.txt" PATTERN "README.md" PATTERN "CMakeLists.txt" EXCLUDE)
install(DIRECTORY tables/ DESTINATION ${data_dir}/tables FILES_MATCHING PATTERN "*.tsv")

install(EXPORT gcstep-targets NAMESPACE gcstep:: DESTINATION ${package_dir})
configure_package_config_file(cmake/gcstep-config.cmake.in ${PROJECT_BINARY_DIR}/gcstep-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 the interface may change with the minor version.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gcstep-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gcstep-config.cmake
              ${PROJECT_BINARY_DIR}/gcstep-config-version.cmake
  DESTINATION ${package_dir})

# gcstep.pc: the way from its folder up to the prefix, and what a static link needs besides.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_prefix)
list(TRANSFORM private_libraries PREPEND "-l" OUTPUT_VARIABLE pc_private)
list(JOIN pc_private " " pc_private)
configure_file(cmake/gcstep.pc.in ${PROJECT_BINARY_DIR}/gcstep.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gcstep.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
