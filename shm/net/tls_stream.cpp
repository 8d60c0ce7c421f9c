#include "shm/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

/// A record's header, tag and padding, on top of its plain bytes.
constexpr std::size_t kRecordExtra = 256;
constexpr std::size_t kRecordPlain = 16'384;

std::size_t encrypted_bytes_max(std::size_t plain) noexcept {
  return plain + (plain / kRecordPlain + 1) * kRecordExtra;
}

}  // namespace

TlsStream::TlsStream(Loop& loop, const TlsContext& context, StreamEvents& events,
                     const Options& options)
    : loop_(loop),
      context_(context),
      events_(events),
      options_(options),
      kept_(new char[loop.buffer_bytes()]),
      queue_(new char[options.queue_bytes]) {}

TlsStream::~TlsStream() {
  tear_down();
  ::SSL_SESSION_free(session_);
}

void TlsStream::connect(const Endpoint& endpoint, std::int64_t now_ns) noexcept {
  PINSTRIPE_CHECK(state_ == State::kIdle, "connect on a stream that is in use");
  endpoint_ = endpoint;
  next_address_ = 0;
  is_resumed_ = false;
  deadline_ns_ = now_ns + options_.open_ns_max;
  state_ = State::kConnecting;
  try_next_address(EADDRNOTAVAIL);
}

void TlsStream::try_next_address(int last_error) noexcept {
  loop_.close(socket_);
  if (next_address_ == endpoint_.addresses.size()) {
    return end(EndKind::kNotReached, std::string("cannot connect: ") + std::strerror(last_error));
  }
  socket_ = loop_.connect(endpoint_.addresses[next_address_++], *this);
  if (socket_.life == 0) {
    end(EndKind::kNotReached, "cannot open a socket: all of the loop's are in use, or the limit "
                              "on open files is reached (ulimit -n)");
  }
}

void TlsStream::on_connected(int error) noexcept {
  if (error != 0) return try_next_address(error);
  if (!start_tls()) return end(EndKind::kTls, "cannot start TLS: " + take_tls_error());
  state_ = State::kHandshake;
  shake_hands();
}

bool TlsStream::start_tls() noexcept {
  ssl_ = context_.start(endpoint_, *this);
  BIO* const bio = ::BIO_new(bio_method());
  if (ssl_ == nullptr || bio == nullptr) {
    ::BIO_free(bio);
    return false;
  }
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_, bio, bio);  // owned by ssl_, for both directions
  if (session_ != nullptr) ::SSL_set_session(ssl_, session_);
  queued_ = 0;
  incoming_ = {};
  return true;
}

void TlsStream::shake_hands() noexcept {
  const int result = ::SSL_do_handshake(ssl_);
  flush();
  if (state_ != State::kHandshake) return;  // the flush met the end
  if (result == 1) {
    state_ = State::kOpen;
    is_resumed_ = ::SSL_session_reused(ssl_) == 1;
    events_.on_stream_open();
  } else if (::SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) {
    end_by_tls(result);
  }
}

void TlsStream::on_received(std::string_view bytes, std::int64_t realtime_ns) noexcept {
  PINSTRIPE_CHECK(!is_paused_, "the loop was polled while a stream was paused");
  incoming_ = bytes;
  if (state_ == State::kHandshake) shake_hands();
  if (state_ == State::kOpen) read_records(realtime_ns);
  incoming_ = {};
}

void TlsStream::read_records(std::int64_t realtime_ns) noexcept {
  // A call that finds nothing costs as much as a small record: made only where bytes are left.
  while (state_ == State::kOpen && (!incoming_.empty() || ::SSL_has_pending(ssl_) == 1)) {
    const std::span<char> room = events_.read_room();
    std::size_t bytes = 0;
    const int result = ::SSL_read_ex(ssl_, room.data(), room.size(), &bytes);
    if (queued_ != 0) flush();  // an answer of TLS itself
    if (state_ != State::kOpen) return;
    if (result == 1) {
      events_.on_read(bytes, realtime_ns);
      if (is_paused_) return keep_rest(realtime_ns);
      continue;
    }
    if (::SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return;
    return end_by_tls(result);
  }
}

void TlsStream::keep_rest(std::int64_t realtime_ns) noexcept {
  rest_ns_ = realtime_ns;
  if (incoming_.empty()) {
    rest_ = {};
    return;
  }
  // What was kept before lies there already, and this is its end.
  std::memmove(kept_.get(), incoming_.data(), incoming_.size());
  rest_ = {kept_.get(), incoming_.size()};
}

void TlsStream::resume() noexcept {
  is_paused_ = false;
  if (state_ != State::kOpen) return;
  incoming_ = std::exchange(rest_, {});
  read_records(rest_ns_);
  incoming_ = {};
}

bool TlsStream::send(std::string_view bytes) noexcept {
  if (state_ != State::kOpen) return false;
  if (encrypted_bytes_max(bytes.size()) > options_.queue_bytes - queued_) return false;
  while (!bytes.empty()) {
    std::size_t written = 0;
    // The room is there, so TLS never has to wait.
    if (::SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) != 1) return false;
    bytes.remove_prefix(written);
  }
  flush();
  return true;
}

void TlsStream::flush() noexcept {
  if (queued_ == 0) return;
  const std::int64_t sent = loop_.send(socket_, {queue_.get(), queued_});
  if (sent <= 0) return;  // no room, or an end that the receive tells of with its reason
  queued_ -= static_cast<std::size_t>(sent);
  std::memmove(queue_.get(), queue_.get() + sent, queued_);
}

void TlsStream::on_writable() noexcept { flush(); }

void TlsStream::on_ended(int error) noexcept {
  if (error != 0) {
    return end(EndKind::kReset, std::string("the connection broke: ") + std::strerror(error));
  }
  if (state_ == State::kHandshake) {
    return end(EndKind::kTls, "the peer hung up within the TLS handshake; is it a TLS port?");
  }
  end(EndKind::kCut, "the peer hung up without ending TLS");
}

void TlsStream::end_by_tls(int result) noexcept {
  if (::SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) {
    return end(EndKind::kClosed, "the peer ended TLS");
  }
  const long verdict = ::SSL_get_verify_result(ssl_);
  if (state_ == State::kHandshake && verdict != X509_V_OK) {
    return end(EndKind::kCertificate,
               std::string("the certificate is refused: ") +
                   ::X509_verify_cert_error_string(verdict) +
                   "; check the host's name, the clock of this machine and the certificate "
                   "authorities");
  }
  end(EndKind::kTls, "TLS failed: " + take_tls_error());
}

void TlsStream::end(EndKind kind, const std::string& text) noexcept {
  ::ERR_clear_error();
  if (kind == EndKind::kCertificate || kind == EndKind::kTls) {
    ::SSL_SESSION_free(session_);  // never offered again
    session_ = nullptr;
  }
  tear_down();
  events_.on_stream_end({kind, endpoint_.name() + ": " + text});
}

void TlsStream::close() noexcept {
  if (state_ == State::kOpen) {
    ::SSL_shutdown(ssl_);
    flush();
  }
  ::ERR_clear_error();
  tear_down();
}

void TlsStream::tear_down() noexcept {
  loop_.close(socket_);
  socket_ = {};
  // A session whose connection is torn down without this is marked as one not to be resumed.
  if (ssl_ != nullptr) ::SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ::SSL_free(ssl_);
  ssl_ = nullptr;
  queued_ = 0;
  is_paused_ = false;
  rest_ = {};
  state_ = State::kIdle;
}

void TlsStream::on_time(std::int64_t now_ns) noexcept {
  const bool is_opening = state_ == State::kConnecting || state_ == State::kHandshake;
  if (!is_opening || now_ns < deadline_ns_) return;
  end(EndKind::kTimedOut, state_ == State::kConnecting
                              ? "no answer to the TCP connect within the time given"
                              : "the TLS handshake did not end within the time given");
}

std::string TlsStream::description() const {
  if (state_ != State::kOpen) return "not open";
  return std::string(::SSL_get_version(ssl_)) + " " + ::SSL_get_cipher_name(ssl_) +
         (is_resumed_ ? ", resumed" : "");
}

int TlsStream::keep_session(ssl_st* ssl, ssl_session_st* session) noexcept {
  auto* const self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
  ::SSL_SESSION_free(self->session_);
  self->session_ = session;
  return 1;  // the reference is ours now
}

int TlsStream::bio_read(bio_st* bio, char* out, int bytes) noexcept {
  auto* const self = static_cast<TlsStream*>(::BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->incoming_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t n = std::min(self->incoming_.size(), static_cast<std::size_t>(bytes));
  std::memcpy(out, self->incoming_.data(), n);
  self->incoming_.remove_prefix(n);
  return static_cast<int>(n);
}

int TlsStream::bio_write(bio_st* bio, const char* bytes, int count) noexcept {
  auto* const self = static_cast<TlsStream*>(::BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto n = static_cast<std::size_t>(count);
  if (n > self->options_.queue_bytes - self->queued_) {
    BIO_set_retry_write(bio);
    return -1;
  }
  std::memcpy(self->queue_.get() + self->queued_, bytes, n);
  self->queued_ += n;
  return count;
}

long TlsStream::bio_control(bio_st*, int command, long, void*) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bio_method_st* TlsStream::bio_method() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop");
    PINSTRIPE_CHECK(m != nullptr, "OpenSSL is out of memory at start");
    ::BIO_meth_set_read(m, &TlsStream::bio_read);
    ::BIO_meth_set_write(m, &TlsStream::bio_write);
    ::BIO_meth_set_ctrl(m, &TlsStream::bio_control);
    return m;
  }();
  return method;
}

}  // namespace pinstripe::net
