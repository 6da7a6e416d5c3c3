# osbackup_module(NAME [ONE_THREAD] [USES module...] [LIBS library...])
#   One static library from src/NAME/*.cpp, and one test program from src/NAME/*_test.cpp.
#   USES  the modules whose headers it may include; each must be declared above it, so there are no cycles.
#         tests/checks/layering.py reads the same lines and fails on any other #include.
#   LIBS  third-party libraries; only this module sees them.
#   ONE_THREAD  neither it nor its tests start threads: the thread sanitizer has nothing to find in them.
# osbackup_program(NAME MODULE module)
#   The program NAME in build/<preset>/bin, whose main() is src/MODULE/main.cpp.
# osbackup_test(NAME SOURCES file... USES module...)
#   A GoogleTest program; every test in it is a CTest.

# The system's own Python: the one that has the distribution's packages.
find_program(OSBACKUP_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

if(BUILD_TESTING AND NOT OSBACKUP_FUZZ)
  find_package(GTest REQUIRED)
  find_package(ZLIB REQUIRED)
  include(GoogleTest)
endif()

function(osbackup_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "ONE_THREAD" "" "USES;LIBS")
  if(module_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "osbackup_module(${name}): what is ${module_UNPARSED_ARGUMENTS}?")
  endif()
  foreach(used IN LISTS module_USES)
    if(NOT TARGET osbackup_${used})
      message(FATAL_ERROR "osbackup_module(${name}): ${used} must be declared above it")
    endif()
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")

  list(TRANSFORM module_USES PREPEND osbackup_ OUTPUT_VARIABLE used_targets)
  add_library(osbackup_${name} STATIC ${sources})
  target_include_directories(osbackup_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(osbackup_${name} PUBLIC ${used_targets} PRIVATE osbackup_flags ${module_LIBS})

  if(module_ONE_THREAD)
    foreach(file IN LISTS sources tests)
      file(STRINGS ${file} found REGEX "^#include <(atomic|condition_variable|future|mutex|thread)>")
      if(found)
        message(FATAL_ERROR "osbackup_module(${name}): ${file} is not of one thread: ${found}")
      endif()
    endforeach()
    if(OSBACKUP_SANITIZE MATCHES "thread")
      set(tests)
    endif()
  endif()
  if(tests)
    osbackup_test(${name}_test SOURCES ${tests} USES ${name})
    if(TARGET ${name}_test)
      target_link_libraries(${name}_test PRIVATE ${module_LIBS})
    endif()
  endif()
endfunction()

function(osbackup_program name)
  cmake_parse_arguments(PARSE_ARGV 1 program "" "MODULE" "")
  add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/${program_MODULE}/main.cpp)
  target_link_libraries(${name} PRIVATE osbackup_${program_MODULE} osbackup_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

function(osbackup_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;USES")
  if(NOT BUILD_TESTING OR OSBACKUP_FUZZ)
    return()
  endif()
  list(TRANSFORM test_USES PREPEND osbackup_ OUTPUT_VARIABLE used_targets)
  add_executable(${name} ${test_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE osbackup_test_support ${used_targets} osbackup_flags GTest::gmock_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()
