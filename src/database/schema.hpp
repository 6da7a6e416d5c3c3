#pragma once

#include <span>

#include "sql/migrations.hpp"

namespace osbackup::database {

/// The tables of docs/protocol.md, "Tables", step by step. Steps that were released never change.
std::span<const sql::Migration> migrations();

}  // namespace osbackup::database
