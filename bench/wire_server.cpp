#include "bench/wire_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/machine.h"

namespace pinstripe::bench {

struct WireServer::Shared {
  WirePlan plan;
  std::uint16_t port = 0;
  std::atomic<std::uint64_t> sent_at[kFramesMax];
};

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

/// A key and a certificate for 127.0.0.1 that is its own authority.
struct Identity {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();

  Identity() {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("wire bench"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    add(NID_basic_constraints, "critical,CA:TRUE");
    add(NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(certificate, key, EVP_sha256());
  }
  void add(int nid, const char* value) {
    X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, e, -1);
    X509_EXTENSION_free(e);
  }
};

SSL_CTX* context_of(const Identity& identity) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, identity.certificate);
  SSL_CTX_use_PrivateKey(context, identity.key);
  return context;
}

void put_all(int fd, const char* bytes, std::size_t count) {
  while (count != 0) {
    const ssize_t n = ::send(fd, bytes, count, MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
}

/// One TLS connection whose records are made in memory and sent by us.
class TlsPeer {
 public:
  TlsPeer(SSL_CTX* context, int fd) : ssl_(SSL_new(context)), fd_(fd) {
    BIO* const socket = BIO_new_socket(fd, BIO_NOCLOSE);
    SSL_set_bio(ssl_, socket, socket);
    SSL_set_accept_state(ssl_);
  }
  ~TlsPeer() { SSL_free(ssl_); }

  /// The handshake of TLS, then that of the WebSocket.
  bool open() {
    if (SSL_do_handshake(ssl_) != 1) return false;
    out_ = BIO_new(BIO_s_mem());  // from here records are made first and sent later
    SSL_set0_wbio(ssl_, out_);
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const int n = SSL_read(ssl_, buffer, sizeof(buffer));
      if (n <= 0) return false;
      head.append(buffer, static_cast<std::size_t>(n));
    }
    return answer(head);
  }
  void encrypt(const std::string& plain) {
    SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
  }
  std::size_t pending() const { return BIO_ctrl_pending(out_); }
  void flush() {
    char* bytes = nullptr;
    const long n = BIO_get_mem_data(out_, &bytes);
    if (n > 0) put_all(fd_, bytes, static_cast<std::size_t>(n));
    static_cast<void>(BIO_reset(out_));
  }
  /// Waits until the client is gone.
  void drain() {
    char buffer[4096];
    while (SSL_read(ssl_, buffer, sizeof(buffer)) > 0) {
    }
  }

 private:
  bool answer(const std::string& head) {
    const std::string name = "Sec-WebSocket-Key: ";
    const auto at = head.find(name);
    if (at == std::string::npos) return false;
    const auto begin = at + name.size();
    const std::string key = head.substr(begin, head.find("\r\n", begin) - begin) +
                            "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    char accept[64];
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(accept), digest, sizeof(digest));
    encrypt("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " + std::string(accept) + "\r\n\r\n");
    flush();
    return true;
  }

  SSL* ssl_;
  int fd_;
  BIO* out_ = nullptr;
};

std::string ws_frame(std::string_view payload) {
  std::string f = "\x81";
  if (payload.size() < 126) {
    f += static_cast<char>(payload.size());
  } else if (payload.size() < 65'536) {
    f += '\x7e';
    f += static_cast<char>(payload.size() >> 8);
    f += static_cast<char>(payload.size());
  } else {
    f += '\x7f';
    for (int shift = 56; shift >= 0; shift -= 8) f += static_cast<char>(payload.size() >> shift);
  }
  return f.append(payload);
}

std::string bare_frame(std::string_view payload) {
  const auto n = static_cast<std::uint32_t>(payload.size());
  return std::string(reinterpret_cast<const char*>(&n), sizeof(n)).append(payload);
}

/// Spins until frame `n` is due.
class Pacer {
 public:
  explicit Pacer(std::int64_t interval_ns)
      : per_frame_(static_cast<double>(interval_ns) / ns_per_tick()), start_(read_counter()) {}
  std::uint64_t wait_for(std::uint64_t n) const {
    const auto due = start_ + static_cast<std::uint64_t>(per_frame_ * static_cast<double>(n));
    std::uint64_t now = read_counter();
    while (now < due) now = read_counter();
    return now;
  }

 private:
  double per_frame_;
  std::uint64_t start_;
};

}  // namespace

WireServer::WireServer(const Frames& frames, const std::string& folder, int core)
    : ca_file_(folder + "/ca.pem") {
  void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up("pinstripe-bench-wire: mmap");
  shared_ = new (memory) Shared;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), bytes) != 0 ||
      ::listen(listener, 8) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) {
    give_up("pinstripe-bench-wire: listen on 127.0.0.1");
  }
  shared_->port = ntohs(address.sin_port);
  pid_ = ::fork();
  if (pid_ < 0) give_up("pinstripe-bench-wire: fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(frames, listener, core);
  }
  ::close(listener);
  // The certificate is there once the server has written it whole.
  for (int i = 0; i < 500 && ::access(ca_file_.c_str(), R_OK) != 0; ++i) ::usleep(10'000);
}

WireServer::~WireServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::munmap(shared_, sizeof(Shared));
}

void WireServer::plan(const WirePlan& plan) noexcept { shared_->plan = plan; }
std::uint16_t WireServer::port() const noexcept { return shared_->port; }
std::uint64_t WireServer::sent_at(std::uint64_t n) const noexcept {
  return shared_->sent_at[n].load(std::memory_order_acquire);
}

void WireServer::serve(const Frames& frames, int listener, int core) {
  if (core >= 0) pin(core);
  const Identity identity;
  SSL_CTX* const context = context_of(identity);
  const std::string unfinished = ca_file_ + ".new";
  std::FILE* const file = std::fopen(unfinished.c_str(), "w");
  if (file == nullptr) give_up("pinstripe-bench-wire: certificate");
  PEM_write_X509(file, identity.certificate);
  std::fclose(file);
  std::rename(unfinished.c_str(), ca_file_.c_str());
  std::vector<std::string> tls_frames, bare_frames;
  for (const FeedFrame& f : frames.frames) {
    tls_frames.push_back(ws_frame(f.bytes));
    bare_frames.push_back(bare_frame(f.bytes));
  }
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const WirePlan plan = shared_->plan;
    auto* const sent = shared_->sent_at;
    if (plan.is_bare) {
      const Pacer pacer(plan.interval_ns);
      for (std::uint64_t n = 0; n < plan.frames; ++n) {
        const std::string& f = bare_frames[n % bare_frames.size()];
        sent[n].store(pacer.wait_for(n + 1), std::memory_order_release);
        put_all(fd, f.data(), f.size());
      }
      char byte = 0;
      while (::recv(fd, &byte, 1, 0) > 0) {
      }
    } else if (TlsPeer peer(context, fd); peer.open()) {
      const Pacer pacer(plan.interval_ns);
      constexpr std::size_t kBatchBytes = 65'536;
      for (std::uint64_t n = 0; n < plan.frames; ++n) {
        peer.encrypt(tls_frames[n % tls_frames.size()]);
        sent[n].store(pacer.wait_for(n + 1), std::memory_order_release);
        if (plan.interval_ns != 0 || peer.pending() > kBatchBytes) peer.flush();
      }
      peer.flush();
      peer.drain();
    }
    ::close(fd);
  }
}

}  // namespace pinstripe::bench
