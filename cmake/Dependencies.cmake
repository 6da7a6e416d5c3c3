# The libraries of ARCHITECTURE.md, "Dependencies, and why".

find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Threads REQUIRED)

# Boost.JSON, Asio and Beast are used as headers; distributions ship several versions, and older ones miss what we use.
find_package(Boost 1.81 REQUIRED)

# ISA-L, libdeflate, MariaDB's client and libssh2: Debian's packages bring pkg-config files.
find_package(PkgConfig REQUIRED)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
add_library(ISAL::isal ALIAS PkgConfig::ISAL)
pkg_check_modules(deflate REQUIRED IMPORTED_TARGET libdeflate)
add_library(deflate::deflate ALIAS PkgConfig::deflate)
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
add_library(mariadb::client ALIAS PkgConfig::mariadb)
pkg_check_modules(ssh2 REQUIRED IMPORTED_TARGET libssh2)
add_library(ssh2::ssh2 ALIAS PkgConfig::ssh2)
