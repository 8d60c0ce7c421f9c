// The shipped instrument tables as text, generated at build time (see embed_tables.cmake).
#pragma once

namespace pinstripe {

struct EmbeddedTable {
  const char* name;
  const char* text;
};
extern const EmbeddedTable kEmbeddedTables[];
extern const unsigned kEmbeddedTableCount;

}  // namespace pinstripe
