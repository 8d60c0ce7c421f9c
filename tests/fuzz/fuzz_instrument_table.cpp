// Instrument tables given by a user.
#include "feed/instrument_table.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  (void)pinstripe::read_instrument_table({reinterpret_cast<const char*>(data), size}, "fuzz");
  return 0;
}
