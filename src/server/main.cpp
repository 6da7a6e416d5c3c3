#include <cstdio>
#include <exception>

#include "core/error.hpp"
#include "server/program.hpp"
#include "system/file_descriptor.hpp"

int main(int argc, char** argv) {
  osbackup::system::occupy_standard_descriptors();
  try {
    return osbackup::server::run_program(argc, argv);
  } catch (const osbackup::Error& error) {
    std::fprintf(stderr, "osbackupd: %s\n", error.what());
    return error.kind() == osbackup::ErrorKind::Usage ? 2 : 1;
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "osbackupd: internal error: %s\n", bug.what());
    return 1;
  }
}
