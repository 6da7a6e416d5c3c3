# The language, the warnings and the hardening that every target of ours is built with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# No -DNDEBUG: a broken precondition stops the program in what ships as well.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(OSBACKUP_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(OSBACKUP_FUZZ "Build the libFuzzer targets (clang)" OFF)

add_library(osbackup_flags INTERFACE)
target_compile_options(osbackup_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 takes the copying inside "text" + std::string for overlapping (GCC bug 105651).
target_compile_options(osbackup_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(OSBACKUP_SANITIZE)
  add_compile_options(-fsanitize=${OSBACKUP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${OSBACKUP_SANITIZE})
  if(OSBACKUP_SANITIZE MATCHES "undefined")
    # The vptr check needs two descriptors for each look, and cries wolf in a test that has none left.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(OSBACKUP_SANITIZE MATCHES "thread")
    # The thread sanitizer knows no atomic fences; Asio's come on top of locks that it does know.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
else()
  add_compile_options(-fstack-protector-strong)
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
