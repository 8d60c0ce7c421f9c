// Journal files from anywhere. The first byte chooses: a whole file of arbitrary bytes, or
// arbitrary records behind a sound header, each with the checksum that makes it pass, so that what
// looks at sizes and kinds is reached. Whatever the bytes, the reader answers with records or an
// error.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tools/journal/reader.h"

namespace {

using namespace pinstripe;

/// A header that fits the records that follow.
DiskHeader sound_header() {
  DiskHeader h;
  set_identity_name(h.identity.stage, "fuzz");
  h.segment_bytes = 1 << 16;
  h.first_position = kJournalFirstRecordAt;
  h.chain_before = first_chain(h.identity);
  h.header_hash = hash_of(h);
  return h;
}

/// Gives each record that fits its bytes the checksum of its place.
void chain_records(std::vector<std::byte>& records, std::uint64_t chain) {
  for (std::size_t at = 0; at + kJournalRecordBytes <= records.size();) {
    std::uint32_t payload = 0;
    std::memcpy(&payload, records.data() + at + 16, sizeof(payload));
    const std::uint64_t bytes = std::uint64_t{kJournalRecordBytes} + payload;
    if (at + bytes > records.size()) return;
    chain = chain_after(chain, {records.data() + at, bytes});
    std::memcpy(records.data() + at, &chain, sizeof(chain));
    at += bytes;
  }
}

void read_everything(const std::string& dir) {
  auto reader = JournalReader::open(dir, nullptr, {});
  if (!reader) return;
  JournalEntry e;
  std::uint64_t sum = 0;
  for (auto found = reader->next(e); found && *found; found = reader->next(e)) {
    for (const std::byte b : e.payload) sum += static_cast<std::uint64_t>(b);
    if (e.kind == JournalKind::kMessage) sum += e.message_number();
    if (e.kind == JournalKind::kNone || e.kind == JournalKind::kSegmentEnd) std::abort();
  }
  volatile std::uint64_t keep = sum;
  (void)keep;
  DiskWriterOptions options;
  options.segment_bytes = 1 << 16;
  (void)DiskWriter::open(dir, reader->identity(), options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string dir = "/dev/shm/pinstripe-fuzz-" + std::to_string(::getpid());
  std::filesystem::create_directories(dir);
  if (size == 0) return 0;
  const auto* bytes = reinterpret_cast<const std::byte*>(data + 1);
  std::vector<std::byte> file(bytes, bytes + size - 1);
  if (data[0] % 2 == 1) {
    const DiskHeader header = sound_header();
    chain_records(file, header.chain_before);
    const auto* head = reinterpret_cast<const std::byte*>(&header);
    file.insert(file.begin(), head, head + sizeof(header));
  }
  std::ofstream out(dir + "/" + disk_file_name(0), std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  out.close();
  read_everything(dir);
  std::filesystem::remove_all(dir);
  return 0;
}
