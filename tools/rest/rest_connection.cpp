#include "tools/rest/rest_connection.h"

#include "shm/base/units.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kTurnNs = 20 * kNsPerMs;  // deadlines are looked at so often

net::HttpClient::Options client_options(std::int64_t request_ns_max) {
  net::HttpClient::Options options;
  options.request_ns_max = request_ns_max;
  return options;
}

}  // namespace

RestConnection::RestConnection(net::Loop& loop, const net::TlsContext& tls,
                               const net::Endpoint& endpoint, std::int64_t request_ns_max)
    : loop_(loop), client_(loop, tls, endpoint, *this, client_options(request_ns_max)) {}

RestReply RestConnection::get(const std::string& target) {
  reply_ = {};
  loop_.poll();  // a connection that the server has closed meanwhile is noticed before it is used
  net::HttpRequest request;
  request.target = target;
  request.fields = "Accept: application/json\r\nUser-Agent: pinstripe\r\n";
  if (!client_.send(request, net::Loop::now_ns())) {
    reply_.text = "the request is too long";
    return std::move(reply_);
  }
  while (!client_.is_idle()) {
    loop_.wait(kTurnNs);
    client_.on_time(net::Loop::now_ns());
  }
  return std::move(reply_);
}

void RestConnection::on_http_response(const net::HttpResponse& response) noexcept {
  reply_.status = response.status;
  reply_.fields = response.fields;
  reply_.text = response.body;
}

void RestConnection::on_http_failure(const net::HttpFailure& failure) noexcept {
  reply_.status = 0;
  reply_.is_certificate = failure.is_certificate;
  reply_.is_not_reached = failure.is_not_reached;
  reply_.may_have_arrived = failure.may_have_arrived;
  reply_.text = failure.text;
}

}  // namespace pinstripe
