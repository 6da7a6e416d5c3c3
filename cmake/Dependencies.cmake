# The libraries of ARCHITECTURE.md, "Dependencies, and why".

find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(Threads REQUIRED)

# Boost.JSON, Asio and Beast are used as headers; distributions ship several versions, and older ones miss what we use.
find_package(Boost 1.81 REQUIRED)

# SOCI: Debian's package brings no CMake files.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_path(SQLITE3_INCLUDE_DIR sqlite3.h REQUIRED)
foreach(part IN ITEMS core sqlite3)
  find_library(SOCI_${part}_LIBRARY soci_${part} REQUIRED)
  add_library(soci::${part} UNKNOWN IMPORTED)
  set_target_properties(soci::${part} PROPERTIES
    IMPORTED_LOCATION ${SOCI_${part}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR};${SOCI_INCLUDE_DIR}/soci")
endforeach()

# ISA-L, libdeflate and libssh2: Debian's packages bring pkg-config files.
find_package(PkgConfig REQUIRED)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
add_library(ISAL::isal ALIAS PkgConfig::ISAL)
pkg_check_modules(deflate REQUIRED IMPORTED_TARGET libdeflate)
add_library(deflate::deflate ALIAS PkgConfig::deflate)
pkg_check_modules(ssh2 REQUIRED IMPORTED_TARGET libssh2)
add_library(ssh2::ssh2 ALIAS PkgConfig::ssh2)
