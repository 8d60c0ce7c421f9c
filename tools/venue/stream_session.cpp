// One WebSocket: what the protocol sends, in order, with the faults that act on messages; pings by
// the venue's rule; the end of it.
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <deque>

#include "tools/venue/wire.h"

namespace pinstripe::venue {
namespace {

namespace websocket = beast::websocket;
using beast::error_code;

constexpr std::size_t kQueueBytesMax = 64 << 20;  // a client so far behind is cut
constexpr std::size_t kMessageMax = 1 << 20;      // of a client

std::string text_of(beast::string_view view) { return {view.data(), view.size()}; }

class StreamSession : public StreamPeer,
                      public OpenStream,
                      public std::enable_shared_from_this<StreamSession> {
 public:
  StreamSession(ServerWire& wire, VenueProtocol& protocol, TlsSocket socket)
      : wire_(wire),
        protocol_(protocol),
        socket_(std::move(socket)),
        send_timer_(wire.context),
        heartbeat_(wire.context) {}

  void begin(UpgradeRequest request) {
    const std::string target = text_of(request.target());
    const std::size_t mark = std::min(target.find('?'), target.size());
    path_ = target.substr(0, mark);
    query_ = mark < target.size() ? target.substr(mark + 1) : "";
    rule_ = protocol_.rule(path_);
    request_ = std::move(request);
    const websocket::stream_base::timeout handshakes_only{
        std::chrono::seconds(10), websocket::stream_base::none(), false};
    socket_.set_option(handshakes_only);
    websocket::permessage_deflate deflate;
    deflate.server_enable = true;
    deflate.compLevel = 1;
    if (path_.starts_with("/ws/v5")) socket_.set_option(deflate);
    socket_.read_message_max(kMessageMax);
    beast::get_lowest_layer(socket_).socket().set_option(asio::ip::tcp::no_delay(true));
    socket_.async_accept(request_, [self = shared_from_this()](error_code e) {
      if (!e) self->opened();
    });
  }

  // StreamPeer
  void send(SharedText text) override {
    if (is_over_ || is_frozen_) return;
    FaultBoard& faults = wire_.faults();
    const std::string_view name = protocol_.name();
    if (faults.use(FaultKind::kSilent, name, *text)) return;
    if (faults.use(FaultKind::kGap, name, *text)) return;
    if (faults.use(FaultKind::kCorrupt, name, *text)) text = spoiled(*text);
    if (faults.use(FaultKind::kRubbish, name, *text)) text = shared("no market here");
    std::int64_t due_ms = 0;
    if (const Fault* f = faults.find(FaultKind::kStall, name, *text)) {
      faults.met(FaultKind::kStall);
      due_ms = f->until_ms;
    } else if (const Fault* slow = faults.find(FaultKind::kSlow, name, *text)) {
      faults.met(FaultKind::kSlow);
      due_ms = wire_.setup.clock() + slow->amount_ms;
    }
    if (!held_ && faults.use(FaultKind::kReorder, name, *text)) {
      held_ = std::move(text);
      return;
    }
    if (faults.use(FaultKind::kDuplicate, name, *text)) queue(text, due_ms);
    queue(std::move(text), due_ms);
    if (held_) queue(std::exchange(held_, nullptr), due_ms);
  }
  void reply(std::string text) override {
    if (is_over_ || is_frozen_) return;
    queue(shared(std::move(text)), 0);
  }
  void close(unsigned code, const std::string& reason) override {
    if (is_over_ || is_closing_ || is_frozen_) return;
    is_closing_ = true;
    websocket::close_reason why(static_cast<websocket::close_code>(code));
    why.reason = reason;
    socket_.async_close(why, [self = shared_from_this()](error_code) { self->over(); });
  }
  const std::string& path() const override { return path_; }
  const std::string& query() const override { return query_; }

  // OpenStream
  const VenueProtocol& protocol() const override { return protocol_; }
  void go_away() override { close(1001, "the venue ends"); }
  void cut() override {
    error_code ignored;
    auto& tcp = beast::get_lowest_layer(socket_).socket();
    tcp.set_option(asio::socket_base::linger(true, 0), ignored);
    tcp.close(ignored);
  }
  void freeze() override {
    if (is_over_ || is_frozen_) return;
    is_frozen_ = true;
    heartbeat_.cancel();
    send_timer_.cancel();
    wire_.frozen.push_back(shared_from_this());  // nothing runs any more that would keep it open
    wire_.streams.erase(this);
    protocol_.closed(*this);
    beast::get_lowest_layer(socket_).cancel();
  }

 private:
  struct Waiting {
    SharedText text;
    std::int64_t due_ms;  // 0: at once
  };

  void opened() {
    wire_.streams.insert(this);
    heard_ms_ = said_ms_ = wire_.setup.clock();
    socket_.control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (kind == websocket::frame_type::pong) heard_ms_ = wire_.setup.clock();
      said_ms_ = wire_.setup.clock();
    });
    if (wire_.faults().use(FaultKind::kEarly, protocol_.name(), path_)) {
      queue(shared(R"({"stream":"early","data":{"e":"early"}})"), 0);
    }
    protocol_.opened(*this, heard_ms_);
    read();
    beat();
  }

  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](error_code e, std::size_t) {
      if (e) return self->over();
      const auto* data = static_cast<const char*>(self->buffer_.data().data());
      const std::string text(data, self->buffer_.size());
      self->buffer_.consume(self->buffer_.size());
      self->said_ms_ = self->wire_.setup.clock();
      self->protocol_.received(*self, text, self->said_ms_);
      if (!self->is_over_) self->read();
    });
  }

  /// Looks once a second: silence that the rule forbids ends the stream; pings are sent when due.
  void beat() {
    heartbeat_.expires_after(std::chrono::seconds(1));
    heartbeat_.async_wait([self = shared_from_this()](error_code e) {
      if (e || self->is_over_) return;
      const std::int64_t now_ms = self->wire_.setup.clock();
      const StreamRule& rule = self->rule_;
      const bool mute = (rule.pong_within_ms > 0 &&
                         now_ms - self->heard_ms_ > rule.ping_every_ms + rule.pong_within_ms) ||
                        (rule.client_within_ms > 0 &&
                         now_ms - self->said_ms_ > rule.client_within_ms);
      if (mute) return self->cut();
      if (rule.ping_every_ms > 0 && now_ms >= self->next_ping_ms_) self->ping(now_ms);
      self->beat();
    });
  }

  void ping(std::int64_t now_ms) {
    const bool first = next_ping_ms_ == 0;
    next_ping_ms_ = now_ms + rule_.ping_every_ms;
    if (first || is_closing_) return;
    const std::string payload = std::to_string(now_ms);
    socket_.async_ping(websocket::ping_data(payload.c_str(), payload.size()),
                       [self = shared_from_this()](error_code) {});
  }

  void queue(SharedText text, std::int64_t due_ms) {
    queued_bytes_ += text->size();
    queue_.push_back({std::move(text), due_ms});
    if (queued_bytes_ > kQueueBytesMax) return cut();
    if (!is_writing_) write();
  }

  void write() {
    if (queue_.empty() || is_over_ || is_closing_ || is_frozen_) return;
    is_writing_ = true;
    const std::int64_t wait_ms = queue_.front().due_ms - wire_.setup.clock();
    if (queue_.front().due_ms > 0 && wait_ms > 0) {
      send_timer_.expires_after(std::chrono::milliseconds(wait_ms));
      send_timer_.async_wait([self = shared_from_this()](error_code e) {
        self->is_writing_ = false;
        if (!e) self->write();
      });
      return;
    }
    sending_ = std::move(queue_.front().text);
    queue_.pop_front();
    queued_bytes_ -= sending_->size();
    socket_.text(true);
    if (wire_.setup.stamps != nullptr) wire_.setup.stamps->add(*sending_);
    socket_.async_write(asio::buffer(*sending_),
                        [self = shared_from_this()](error_code e, std::size_t) {
                          self->is_writing_ = false;
                          if (e) return self->over();
                          self->write();
                        });
  }

  /// The middle byte is one that no UTF-8 text holds.
  static SharedText spoiled(const std::string& text) {
    std::string bad = text;
    if (!bad.empty()) bad[bad.size() / 2] = '\xFF';
    return shared(std::move(bad));
  }
  static SharedText shared(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  }

  void over() {
    if (is_over_ || is_frozen_) return;
    is_over_ = true;
    heartbeat_.cancel();
    send_timer_.cancel();
    queue_.clear();
    if (wire_.streams.erase(this) > 0) protocol_.closed(*this);
  }

  ServerWire& wire_;
  VenueProtocol& protocol_;
  websocket::stream<TlsSocket> socket_;
  asio::steady_timer send_timer_;
  asio::steady_timer heartbeat_;
  UpgradeRequest request_;
  beast::flat_buffer buffer_;
  std::string path_, query_;
  StreamRule rule_;
  std::deque<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  SharedText sending_, held_;
  std::int64_t heard_ms_ = 0;            // last pong
  std::int64_t said_ms_ = 0;             // last anything of the client
  std::int64_t next_ping_ms_ = 0;
  bool is_writing_ = false;
  bool is_closing_ = false;
  bool is_frozen_ = false;
  bool is_over_ = false;
};

}  // namespace

void begin_stream(ServerWire& wire, VenueProtocol& protocol, TlsSocket socket,
                  UpgradeRequest request) {
  std::make_shared<StreamSession>(wire, protocol, std::move(socket))->begin(std::move(request));
}

}  // namespace pinstripe::venue
