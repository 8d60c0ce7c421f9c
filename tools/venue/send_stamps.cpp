#include "tools/venue/send_stamps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "shm/base/hash.h"
#include "shm/run/machine_time.h"

namespace pinstripe::venue {
namespace {

constexpr std::uint64_t kMagic = 0x00504D54534E4950ULL;  // "PINSTMP\0"

struct StampsHeader {
  std::uint64_t magic = kMagic;
  std::uint64_t capacity = 0;
  std::uint64_t count = 0;
  std::uint64_t zero = 0;
};
static_assert(sizeof(StampsHeader) == 32);

std::size_t bytes_of(std::uint64_t capacity) {
  return sizeof(StampsHeader) + capacity * sizeof(SendStamp);
}

}  // namespace

std::uint64_t payload_hash(std::string_view payload) noexcept {
  Hasher h;
  h.add(payload.size());
  h.bytes(payload.data(), payload.size());
  return h.value();
}

SendStamps::~SendStamps() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_of(capacity_));
}

Result<void> SendStamps::create(const std::string& file, std::uint64_t capacity) {
  const auto refused = [&] {
    return fail("cannot make the file of send stamps '" + file + "': " + std::strerror(errno) +
                "; name a file in a folder that can be written, with --stamps");
  };
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return refused();
  const std::size_t bytes = bytes_of(capacity);
  void* mapped = MAP_FAILED;
  // Given by the disk now: a stamp into a hole of the file would be a signal on a full disk.
  const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (error != 0) {
    errno = error;
  } else {
    mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  }
  if (mapped == MAP_FAILED) {
    const auto told = refused();
    ::close(fd);
    return told;
  }
  ::close(fd);
  memory_ = static_cast<std::byte*>(mapped);
  capacity_ = capacity;
  *reinterpret_cast<StampsHeader*>(memory_) = {kMagic, capacity, 0, 0};
  return {};
}

void SendStamps::add(std::string_view payload) noexcept {
  if (memory_ == nullptr) return;
  auto* const header = reinterpret_cast<StampsHeader*>(memory_);
  if (header->count < capacity_) {
    auto* const stamps = reinterpret_cast<SendStamp*>(memory_ + sizeof(StampsHeader));
    SendStamp& stamp = stamps[header->count];
    stamp.payload_hash = payload_hash(payload);
    stamp.sent_ns = realtime_ns();
  }
  ++header->count;
}

Result<ReadStamps> read_send_stamps(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  StampsHeader header;
  in.seekg(0);
  in.read(reinterpret_cast<char*>(&header), sizeof(header));
  const bool fits = in && header.magic == kMagic &&
                    header.capacity <= static_cast<std::uint64_t>(size) / sizeof(SendStamp) &&
                    bytes_of(header.capacity) == static_cast<std::uint64_t>(size);
  if (!fits) {
    return fail("'" + file + "' is not a whole file of send stamps; it is made by " +
                "`pinstripe venue --stamps FILE`");
  }
  ReadStamps read;
  read.stamps.resize(std::min(header.count, header.capacity));
  read.beyond = header.count - read.stamps.size();
  in.read(reinterpret_cast<char*>(read.stamps.data()),
          static_cast<std::streamsize>(read.stamps.size() * sizeof(SendStamp)));
  if (!in) return fail("cannot read the send stamps in '" + file + "' to their end");
  return read;
}

}  // namespace pinstripe::venue
