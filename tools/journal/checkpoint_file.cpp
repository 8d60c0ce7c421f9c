#include "tools/journal/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "shm/base/hash.h"
#include "tools/journal/new_file.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMagic = 0x0054504B434E4950ULL;  // "PINCKPT\0"
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kKept = 2;
constexpr std::string_view kPrefix = "checkpoint-", kEnding = ".pck";

struct FileHeader {
  std::uint64_t magic = kMagic;
  std::uint64_t version = kVersion;
  CheckpointHead head;
  std::uint64_t state_bytes = 0;
  std::byte zeros[392] = {};
  std::uint64_t hash = 0;
};
static_assert(sizeof(FileHeader) == 1024 && offsetof(FileHeader, hash) == 1016);

std::uint64_t hash_of(const FileHeader& header, std::span<const std::byte> state) noexcept {
  Hasher h;
  h.bytes(&header, offsetof(FileHeader, hash));
  h.bytes(state.data(), state.size());
  return h.value();
}

std::string file_name(std::uint64_t record) {
  char name[64];
  std::snprintf(name, sizeof(name), "checkpoint-%012llu.pck",
                static_cast<unsigned long long>(record));
  return name;
}

std::unexpected<Error> refused(const CheckpointName& name, const std::string& why) {
  return std::unexpected(Error{"checkpoint '" + name.path + "' is refused: " + why,
                               Exit::kCheckFailed});
}

Result<void> sync_directory(const std::string& dir) {
  const FileHandle handle(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.is_open() || ::fsync(handle.get()) != 0) {
    return fail("cannot sync '" + dir + "': " + std::strerror(errno));
  }
  return {};
}

/// Why `c` may not be loaded, though it is whole; "": it may.
std::string unfit(const Checkpoint& c, std::uint64_t record_max,
                  std::span<const std::uint64_t> published) {
  if (c.head.record > record_max) {
    return "it covers " + std::to_string(c.head.record) + " records, but the journal has " +
           std::to_string(record_max);
  }
  if (c.head.outputs != published.size()) {
    return "it is of a stage with " + std::to_string(c.head.outputs) + " outputs, this one has " +
           std::to_string(published.size());
  }
  for (std::size_t i = 0; i < published.size(); ++i) {
    if (c.head.published[i] <= published[i]) continue;
    return "it has " + std::to_string(c.head.published[i]) + " messages of output " +
           std::to_string(i) + ", but the ring shows " + std::to_string(published[i]);
  }
  return "";
}

}  // namespace

Result<void> write_checkpoint(const std::string& dir, const CheckpointHead& head,
                              std::span<const std::byte> state) {
  FileHeader header;
  header.head = head;
  header.state_bytes = state.size();
  header.hash = hash_of(header, state);
  NewFile file(dir + "/" + file_name(head.record));
  if (auto done = file.write(&header, sizeof(header)); !done) return done;
  if (auto done = file.write(state.data(), state.size()); !done) return done;
  if (auto done = file.sync(); !done) return done;
  if (auto done = file.keep(); !done) return done;
  if (auto done = sync_directory(dir); !done) return done;
  const auto all = list_checkpoints(dir);
  std::error_code error;
  for (std::size_t i = 0; i + kKept < all.size(); ++i) fs::remove(all[i].path, error);
  return {};
}

std::vector<CheckpointName> list_checkpoints(const std::string& dir) {
  std::vector<CheckpointName> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) continue;
    std::uint64_t record = 0;
    const char* end = name.data() + name.size() - kEnding.size();
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, record);
    if (parsed.ec == std::errc() && parsed.ptr == end) {
      all.push_back({record, entry.path().string()});
    }
  }
  std::sort(all.begin(), all.end(), [](const CheckpointName& a, const CheckpointName& b) {
    return a.record < b.record;
  });
  return all;
}

Result<Checkpoint> read_checkpoint(const CheckpointName& name, const JournalIdentity& identity) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(name.path, error);
  std::ifstream in(name.path, std::ios::binary);
  FileHeader header;
  if (error || !in) return refused(name, "it cannot be read");
  if (bytes < sizeof(header)) {
    return refused(name, "it is cut: " + std::to_string(bytes) + " bytes");
  }
  in.read(reinterpret_cast<char*>(&header), sizeof(header));
  if (!in || header.magic != kMagic) return refused(name, "it is no checkpoint");
  if (header.version != kVersion) {
    return refused(name, "its version is " + std::to_string(header.version) + ", expected " +
                             std::to_string(kVersion));
  }
  if (bytes != sizeof(header) + header.state_bytes) {
    return refused(name, "it has " + std::to_string(bytes) + " bytes, expected " +
                             std::to_string(sizeof(header) + header.state_bytes));
  }
  Checkpoint out{header.head, std::vector<std::byte>(header.state_bytes), name.path};
  in.read(reinterpret_cast<char*>(out.state.data()),
          static_cast<std::streamsize>(out.state.size()));
  if (!in) return refused(name, "it cannot be read to its end");
  if (hash_of(header, out.state) != header.hash) {
    return refused(name, "its bytes were changed, for its checksum does not hold");
  }
  if (header.head.record != name.record || header.head.outputs > kCheckpointOutputsMax) {
    return refused(name, "it is of record " + std::to_string(header.head.record) +
                             ", its name says " + std::to_string(name.record));
  }
  const std::string foreign = identity_difference(header.head.identity, identity);
  if (!foreign.empty()) return refused(name, "it is foreign: " + foreign);
  return out;
}

std::optional<Checkpoint> newest_checkpoint(const std::string& dir, const JournalIdentity& identity,
                                            std::uint64_t record_max,
                                            std::span<const std::uint64_t> published,
                                            std::vector<std::string>& refused_files) {
  const auto all = list_checkpoints(dir);
  for (auto name = all.rbegin(); name != all.rend(); ++name) {
    auto found = read_checkpoint(*name, identity);
    if (!found) {
      refused_files.push_back(found.error().message);
      continue;
    }
    const std::string why = unfit(*found, record_max, published);
    if (why.empty()) return std::move(*found);
    refused_files.push_back("checkpoint '" + name->path + "' is passed over: " + why);
  }
  return std::nullopt;
}

}  // namespace pinstripe
