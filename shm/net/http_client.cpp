#include "shm/net/http_client.h"

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

TlsStream::Options stream_options(const HttpClient::Options& options) {
  TlsStream::Options tls = options.tls;
  tls.open_ns_max = options.request_ns_max;
  return tls;
}

}  // namespace

HttpClient::HttpClient(Loop& loop, const TlsContext& context, const Endpoint& endpoint,
                       HttpEvents& events, const Options& options)
    : endpoint_(endpoint),
      events_(events),
      options_(options),
      stream_(loop, context, *this, stream_options(options)),
      parser_(options.limits),
      host_(endpoint.host.find(':') == std::string::npos ? endpoint.host
                                                         : "[" + endpoint.host + "]") {
  if (endpoint.port != 443) host_ += ":" + std::to_string(endpoint.port);
  outgoing_.reserve(options.request_bytes_max);
}

bool HttpClient::send(const HttpRequest& request, std::int64_t now_ns) noexcept {
  PINSTRIPE_CHECK(!is_busy_, "one request at a time");
  constexpr std::size_t kOwnFields = 100;
  if (request.target.size() + request.fields.size() + request.body.size() + host_.size() +
          kOwnFields > options_.request_bytes_max) {
    return false;
  }
  outgoing_.assign(request.method).append(" ").append(request.target);
  outgoing_.append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n").append(request.fields);
  if (!request.body.empty() || request.method != "GET") {
    outgoing_.append("Content-Length: ").append(std::to_string(request.body.size()));
    outgoing_.append("\r\n");
  }
  outgoing_.append("\r\n").append(request.body);
  is_busy_ = true;
  is_sent_ = false;
  deadline_ns_ = now_ns + options_.request_ns_max;
  if (stream_.is_open()) {
    parser_.begin();
    on_stream_open();
  } else {
    parser_.begin_stream();
    ++connections_;
    stream_.connect(endpoint_, now_ns);
  }
  return true;
}

void HttpClient::on_stream_open() noexcept {
  if (!is_busy_) return;
  is_sent_ = stream_.send(outgoing_);
  if (is_sent_) return;
  stream_.close();
  fail_request({.text = "the request is larger than the queue of its connection"});
}

std::span<char> HttpClient::read_room() noexcept { return parser_.writable(); }

void HttpClient::on_read(std::size_t bytes, std::int64_t) noexcept {
  if (!is_busy_) {  // nothing was asked for: not a connection to use again
    stream_.close();
    return;
  }
  parser_.commit(bytes);
  take(parser_.next());
}

void HttpClient::take(HttpStep step) noexcept {
  if (step == HttpStep::kNeedMore) return;
  if (step == HttpStep::kFault) {
    stream_.close();
    return fail_request({.may_have_arrived = is_sent_,
                         .text = endpoint_.name() + ": the response cannot be read: " +
                                 text_of(parser_.fault())});
  }
  const HttpResponse& response = parser_.response();
  if (!response.keeps_alive || !parser_.rest().empty()) stream_.close();
  is_busy_ = false;
  events_.on_http_response(response);
}

void HttpClient::on_stream_end(const StreamEnd& end) noexcept {
  if (!is_busy_) return;  // an idle connection that the server has closed
  const bool is_proper = end.kind == EndKind::kClosed;
  // A body without a length ends here, but only where TLS says that nothing was cut off.
  if (is_sent_ && is_proper && parser_.end_of_stream() == HttpStep::kResponse) {
    return take(HttpStep::kResponse);
  }
  fail_request({.may_have_arrived = is_sent_,
                .is_certificate = end.kind == EndKind::kCertificate,
                .is_not_reached = end.kind == EndKind::kNotReached,
                .text = end.text + (is_sent_ ? ", before the response was whole" : "")});
}

void HttpClient::fail_request(HttpFailure failure) noexcept {
  is_busy_ = false;
  events_.on_http_failure(failure);
}

void HttpClient::on_time(std::int64_t now_ns) noexcept {
  if (!is_busy_ || now_ns < deadline_ns_) return;
  stream_.close();
  fail_request({.may_have_arrived = is_sent_,
                .text = endpoint_.name() + ": no whole response within the time given"});
}

void HttpClient::close() noexcept {
  is_busy_ = false;
  stream_.close();
}

}  // namespace pinstripe::net
