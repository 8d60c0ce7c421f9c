#include "shm/net/loop.h"

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "shm/base/check.h"
#include "shm/base/units.h"

namespace pinstripe::net {
namespace {

constexpr unsigned kEntries = 256;
constexpr int kBufferGroup = 1;
/// In the first ones the owner passes on what came, and gives its core to who shares it.
constexpr unsigned kIdlePollsBeforeAck = 3;
constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(timespec));

std::uint64_t user_data_of(unsigned operation, std::uint32_t slot, std::uint32_t life) noexcept {
  return std::uint64_t{operation} << 56 | std::uint64_t{slot} << 32 | life;
}

std::int64_t clock_ns(clockid_t id) noexcept {
  timespec t{};
  ::clock_gettime(id, &t);
  return t.tv_sec * kNsPerSecond + t.tv_nsec;
}

io_uring_sqe* next_sqe(io_uring& u) noexcept {
  io_uring_sqe* sqe = ::io_uring_get_sqe(&u);
  if (sqe == nullptr) {
    ::io_uring_submit(&u);
    sqe = ::io_uring_get_sqe(&u);
  }
  PINSTRIPE_CHECK(sqe != nullptr, "the kernel takes no submissions from an io_uring");
  return sqe;
}

/// The mode that the kernel leaves again whenever it sends one by itself.
void acknowledge_later(int fd) noexcept {
  const int off = 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

std::string ring_error(int error) {
  const std::string what = std::string("cannot open an io_uring: ") + std::strerror(error) + "; ";
  switch (error) {
    case ENOSYS: return what + "this kernel has none; live connections need Linux 6.1";
    case EPERM:
      return what + "it is switched off here; see the sysctl kernel.io_uring_disabled and the "
                    "seccomp rules of the container";
    case EINVAL:
      return what + "the kernel lacks IORING_SETUP_DEFER_TASKRUN or IORING_SETUP_SINGLE_ISSUER; "
                    "live connections need Linux 6.1";
    default: return what + "see the limits on locked memory and open files (ulimit -l, -n)";
  }
}

}  // namespace

struct Loop::Slot {
  int fd = -1;
  std::uint32_t index = 0;
  std::uint32_t life = 0;  // of the present or last socket; 0: none yet
  int early_error = 0;     // connect failed at once
  bool waits_for_room = false;
  bool owes_ack = false;  // stands in owing_
  SocketEvents* events = nullptr;
};

struct Loop::Ring {
  io_uring uring{};
  bool is_open = false;
  io_uring_buf_ring* buffers = nullptr;
  std::size_t ring_bytes = 0;
  std::byte* memory = nullptr;  // of the buffers
  std::size_t memory_bytes = 0;
  msghdr shape{};  // what a receive leaves room for before its bytes
};

Loop::Loop(const Options& options)
    : options_(options),
      ring_(std::make_unique<Ring>()),
      slots_(std::make_unique<Slot[]>(options.sockets_max)),
      owing_(std::make_unique<std::uint32_t[]>(options.sockets_max)) {
  for (std::uint32_t i = 0; i < options.sockets_max; ++i) slots_[i].index = i;
}

Loop::~Loop() {
  for (std::uint32_t i = 0; i < options_.sockets_max; ++i) close({i, slots_[i].life});
  if (ring_->is_open) ::io_uring_queue_exit(&ring_->uring);
  if (ring_->buffers != nullptr) ::munmap(ring_->buffers, ring_->ring_bytes);
  if (ring_->memory != nullptr) ::munmap(ring_->memory, ring_->memory_bytes);
}

Result<std::unique_ptr<Loop>> Loop::open(const Options& options) {
  std::unique_ptr<Loop> loop(new Loop(options));
  if (auto started = loop->start(); !started) return std::unexpected(started.error());
  return loop;
}

Result<void> Loop::start() {
  PINSTRIPE_CHECK(std::has_single_bit(options_.buffers), "the number of buffers is a power of two");
  io_uring_params params{};
  // Completions are made by this thread when it asks, never by an interrupt in the middle of its
  // work; the flag tells it, without a system call, that there is something to ask for.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE;
  params.cq_entries = 8 * kEntries;
  const int rc = ::io_uring_queue_init_params(kEntries, &ring_->uring, &params);
  if (rc < 0) return fail(ring_error(-rc));
  ring_->is_open = true;
  ::io_uring_register_ring_fd(&ring_->uring);  // a lookup less a call; works without it too
  return start_buffers();
}

Result<void> Loop::start_buffers() {
  Ring& r = *ring_;
  const auto map = [](std::size_t bytes) {
    void* const p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
  };
  r.ring_bytes = options_.buffers * sizeof(io_uring_buf);
  r.memory_bytes = std::size_t{options_.buffers} * options_.buffer_bytes;
  r.buffers = static_cast<io_uring_buf_ring*>(map(r.ring_bytes));
  r.memory = static_cast<std::byte*>(map(r.memory_bytes));
  if (r.buffers == nullptr || r.memory == nullptr) {
    return fail("cannot take " + std::to_string(r.memory_bytes) + " bytes for receive buffers");
  }
  io_uring_buf_reg registration{};
  registration.ring_addr = std::bit_cast<std::uint64_t>(r.buffers);
  registration.ring_entries = options_.buffers;
  registration.bgid = kBufferGroup;
  const int rc = ::io_uring_register_buf_ring(&r.uring, &registration, 0);
  if (rc < 0) {
    return fail(std::string("cannot register a ring of provided buffers with io_uring "
                            "(IORING_REGISTER_PBUF_RING, Linux 5.19): ") + std::strerror(-rc));
  }
  ::io_uring_buf_ring_init(r.buffers);
  for (unsigned i = 0; i < options_.buffers; ++i) give_back(i);
  r.shape.msg_controllen = options_.kernel_stamps ? kControlBytes : 0;
  return {};
}

void Loop::give_back(unsigned buffer) noexcept {
  Ring& r = *ring_;
  ::io_uring_buf_ring_add(r.buffers, r.memory + std::size_t{buffer} * options_.buffer_bytes,
                          options_.buffer_bytes, static_cast<unsigned short>(buffer),
                          ::io_uring_buf_ring_mask(options_.buffers), 0);
  ::io_uring_buf_ring_advance(r.buffers, 1);
}

std::int64_t Loop::now_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }

void Loop::ask_kernel() noexcept {
  io_uring& u = ring_->uring;
  if (::io_uring_sq_ready(&u) != 0) ::io_uring_submit(&u);
  constexpr unsigned kAsk = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
  if ((IO_URING_READ_ONCE(*u.sq.kflags) & kAsk) != 0) ::io_uring_get_events(&u);
}

unsigned Loop::poll() noexcept {
  ask_kernel();
  const unsigned done = handle_completions(UINT_MAX);
  note_idle(done == 0);
  return done;
}

bool Loop::poll_one() noexcept {
  if (::io_uring_cq_ready(&ring_->uring) == 0) ask_kernel();
  const bool is_one = handle_completions(1) != 0;
  note_idle(!is_one);
  return is_one;
}

unsigned Loop::wait(std::int64_t timeout_ns) noexcept {
  if (const unsigned done = poll(); done != 0 || timeout_ns <= 0) return done;
  while (owing_count_ != 0) acknowledge_one();
  __kernel_timespec t{timeout_ns / kNsPerSecond, timeout_ns % kNsPerSecond};
  io_uring_cqe* first = nullptr;
  ::io_uring_submit_and_wait_timeout(&ring_->uring, &first, 1, &t, nullptr);
  return handle_completions(UINT_MAX);
}

unsigned Loop::handle_completions(unsigned most) noexcept {
  io_uring& u = ring_->uring;
  unsigned head = 0, count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&u, head, cqe) {
    ++count;
    handle(cqe->user_data, cqe->res, cqe->flags);
    if (count == most) break;
  }
  if (count != 0) ::io_uring_cq_advance(&u, count);
  return count;
}

void Loop::handle(std::uint64_t user_data, int result, std::uint32_t flags) noexcept {
  const auto operation = static_cast<Operation>(user_data >> 56);
  Slot& slot = slots_[user_data >> 32 & 0xFF'FFFF];
  const auto life = static_cast<std::uint32_t>(user_data);
  if (operation == Operation::kReceive) return handle_receive(slot, life, result, flags);
  if (slot.fd < 0 || slot.life != life) return;
  if (operation == Operation::kWritable) {
    slot.waits_for_room = false;
    slot.events->on_writable();
    return;
  }
  int error = slot.early_error;
  socklen_t bytes = sizeof(error);
  if (error == 0) ::getsockopt(slot.fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error == 0) receive(slot);
  slot.events->on_connected(error);
}

void Loop::handle_receive(Slot& slot, std::uint32_t life, int result,
                          std::uint32_t flags) noexcept {
  const auto is_alive = [&] { return slot.fd >= 0 && slot.life == life; };
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned buffer = flags >> IORING_CQE_BUFFER_SHIFT;
    if (is_alive() && result > 0) deliver(slot, result, buffer);
    give_back(buffer);
    if (is_alive()) note_received(slot);
  } else if (is_alive() && result <= 0 && result != -ENOBUFS) {
    slot.events->on_ended(-result);
    return;
  }
  // Out of buffers, or the kernel ended the series for fairness: begin another.
  if ((flags & IORING_CQE_F_MORE) == 0 && is_alive()) receive(slot);
}

void Loop::note_received(Slot& slot) noexcept {
  if (slot.owes_ack || !options_.late_acks) return;
  slot.owes_ack = true;
  owing_[owing_count_++] = slot.index;
}

void Loop::note_idle(bool is_idle) noexcept {
  idle_polls_ = is_idle ? idle_polls_ + 1 : 0;
  if (idle_polls_ >= kIdlePollsBeforeAck && owing_count_ != 0) acknowledge_one();
}

/// One a poll, so that what comes meanwhile waits for no more than that. The next socket of a slot
/// that was closed is asked in vain, which does no harm.
void Loop::acknowledge_one() noexcept {
  Slot& slot = slots_[owing_[--owing_count_]];
  slot.owes_ack = false;
  if (slot.fd < 0) return;
  const int now = 1;
  ::setsockopt(slot.fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof(now));
  acknowledge_later(slot.fd);
}

void Loop::deliver(Slot& slot, int result, unsigned buffer) noexcept {
  Ring& r = *ring_;
  std::byte* const memory = r.memory + std::size_t{buffer} * options_.buffer_bytes;
  io_uring_recvmsg_out* const out = ::io_uring_recvmsg_validate(memory, result, &r.shape);
  if (out == nullptr) return slot.events->on_ended(EPROTO);
  const unsigned bytes = ::io_uring_recvmsg_payload_length(out, result, &r.shape);
  if (bytes == 0) return slot.events->on_ended(0);
  std::int64_t stamp_ns = 0;
  if (const cmsghdr* c = ::io_uring_recvmsg_cmsg_firsthdr(out, &r.shape);
      c != nullptr && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
    timespec t{};
    std::memcpy(&t, CMSG_DATA(c), sizeof(t));
    stamp_ns = t.tv_sec * kNsPerSecond + t.tv_nsec;
  }
  if (stamp_ns == 0) stamp_ns = clock_ns(CLOCK_REALTIME);
  const auto* const payload =
      static_cast<const char*>(::io_uring_recvmsg_payload(out, &r.shape));
  slot.events->on_received({payload, bytes}, stamp_ns);
}

void Loop::watch(Slot& slot, Operation operation) noexcept {
  io_uring_sqe* const sqe = next_sqe(ring_->uring);
  if (slot.early_error != 0) {
    ::io_uring_prep_nop(sqe);
  } else {
    ::io_uring_prep_poll_add(sqe, slot.fd, POLLOUT);
  }
  sqe->user_data = user_data_of(static_cast<unsigned>(operation), slot.index, slot.life);
}

void Loop::receive(Slot& slot) noexcept {
  if (options_.late_acks) acknowledge_later(slot.fd);
  io_uring_sqe* const sqe = next_sqe(ring_->uring);
  ::io_uring_prep_recvmsg_multishot(sqe, slot.fd, &ring_->shape, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kBufferGroup;
  sqe->user_data =
      user_data_of(static_cast<unsigned>(Operation::kReceive), slot.index, slot.life);
}

Loop::Slot* Loop::find(SocketId id) noexcept {
  if (id.life == 0 || id.slot >= options_.sockets_max) return nullptr;
  Slot& slot = slots_[id.slot];
  return slot.fd >= 0 && slot.life == id.life ? &slot : nullptr;
}

SocketId Loop::connect(const Address& address, SocketEvents& events) noexcept {
  std::uint32_t free = 0;
  while (free < options_.sockets_max && slots_[free].fd >= 0) ++free;
  if (free == options_.sockets_max) return {};
  Slot& slot = slots_[free];
  slot.fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (slot.fd < 0) return {};
  if (++slot.life == 0) slot.life = 1;
  slot.events = &events;
  slot.waits_for_room = false;
  const int on = 1;
  ::setsockopt(slot.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (options_.kernel_stamps) {
    ::setsockopt(slot.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
  }
  const int rc =
      ::connect(slot.fd, reinterpret_cast<const sockaddr*>(&address.storage), address.bytes);
  slot.early_error = rc == 0 || errno == EINPROGRESS ? 0 : errno;
  watch(slot, Operation::kConnect);
  return {free, slot.life};
}

std::int64_t Loop::send(SocketId id, std::string_view bytes) noexcept {
  Slot* const slot = find(id);
  if (slot == nullptr) return -EBADF;
  const ssize_t sent = ::send(slot->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    if (static_cast<std::size_t>(sent) == bytes.size()) return sent;
  } else if (errno != EAGAIN && errno != EINTR) {
    return -errno;
  }
  if (!slot->waits_for_room) watch(*slot, Operation::kWritable);
  slot->waits_for_room = true;
  return sent < 0 ? 0 : sent;
}

void Loop::close(SocketId id) noexcept {
  Slot* const slot = find(id);
  if (slot == nullptr) return;
  // The ring holds the socket as long as a receive is under way; the shutdown ends it. What still
  // waits to be submitted names the descriptor, which the next socket may get: it goes first.
  ::shutdown(slot->fd, SHUT_RDWR);
  if (::io_uring_sq_ready(&ring_->uring) != 0) ::io_uring_submit(&ring_->uring);
  ::close(slot->fd);
  slot->fd = -1;
  slot->events = nullptr;
}

}  // namespace pinstripe::net
