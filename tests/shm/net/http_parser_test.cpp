// HTTP/1.1 responses in every cut, and what must be refused.
#include "shm/net/http_parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace pinstripe::net {
namespace {

constexpr HttpParser::Options kSmall{.head_bytes_max = 2'000, .body_bytes_max = 10'000};

HttpStep feed(HttpParser& sut, std::string_view bytes, std::size_t piece) {
  HttpStep step = HttpStep::kNeedMore;
  while (!bytes.empty() && step == HttpStep::kNeedMore) {
    const std::size_t n = std::min({piece, bytes.size(), sut.writable().size()});
    std::memcpy(sut.writable().data(), bytes.data(), n);
    sut.commit(n);
    bytes.remove_prefix(n);
    step = sut.next();
  }
  return step;
}

const std::vector<std::size_t> kPieces{1, 2, 3, 5, 11, 64, 100'000};

void expect_body(const std::string& stream, int status, const std::string& body) {
  for (const std::size_t piece : kPieces) {
    HttpParser sut(kSmall);
    ASSERT_EQ(feed(sut, stream, piece), HttpStep::kResponse) << stream << " by " << piece;
    EXPECT_EQ(sut.response().status, status);
    EXPECT_EQ(sut.response().body, body) << "by " << piece;
  }
}

void expect_fault(const std::string& stream, HttpFault fault) {
  for (const std::size_t piece : kPieces) {
    HttpParser sut(kSmall);
    ASSERT_EQ(feed(sut, stream, piece), HttpStep::kFault) << stream << " by " << piece;
    EXPECT_EQ(sut.fault(), fault) << text_of(sut.fault()) << " for " << stream;
  }
}

TEST(HttpParser, a_body_by_its_length) {
  expect_body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
  expect_body("HTTP/1.1 418 I'm a teapot\r\ncontent-length:0\r\n\r\n", 418, "");
  expect_body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 200, "{}");
  expect_body("HTTP/1.1 204\r\n\r\n", 204, "");
}

TEST(HttpParser, a_body_in_chunks) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_body(head + "5\r\nhello\r\n1;x=y\r\n \r\n00B\r\nworld again\r\n"
                     "0\r\nX-Trailer: 1\r\n\r\n",
              200, "hello world again");
  expect_body(head + "0\r\n\r\n", 200, "");
}

TEST(HttpParser, a_body_of_many_chunks_lies_in_one_piece) {
  std::string stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string whole;
  for (int i = 0; i < 900; ++i) {
    const std::string part(static_cast<std::size_t>(1 + i % 15), static_cast<char>('a' + i % 26));
    stream += "0123456789abcdef"[part.size()] + std::string("\r\n") + part + "\r\n";
    whole += part;
  }
  expect_body(stream + "0\r\n\r\n", 200, whole);
}

TEST(HttpParser, a_body_to_the_end_of_the_stream) {
  HttpParser sut(kSmall);
  EXPECT_EQ(feed(sut, "HTTP/1.0 200 OK\r\n\r\nto the end", 4), HttpStep::kNeedMore);
  EXPECT_EQ(sut.end_of_stream(), HttpStep::kResponse);
  EXPECT_EQ(sut.response().body, "to the end");
  EXPECT_FALSE(sut.response().keeps_alive);
}

TEST(HttpParser, interim_responses_are_read_over) {
  expect_body("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
              200, "ok");
}

TEST(HttpParser, fields_are_found_in_any_case_and_in_order) {
  HttpParser sut(kSmall);
  feed(sut, "HTTP/1.1 200 OK\r\nX-MBX-USED-WEIGHT-1M:  17 \r\nSet-Cookie: a\r\nset-cookie: b\r\n"
            "Connection: Close\r\nContent-Length: 0\r\n\r\n", 9);
  EXPECT_EQ(sut.response().field("x-mbx-used-weight-1m"), "17");
  EXPECT_EQ(sut.response().field("Set-Cookie", 1), "b");
  EXPECT_EQ(sut.response().field("Retry-After"), "");
  EXPECT_FALSE(sut.response().keeps_alive);
}

TEST(HttpParser, the_next_response_begins_anew) {
  HttpParser sut(kSmall);
  for (int i = 0; i < 1'000; ++i) {
    const std::string body(static_cast<std::size_t>(i * 7 % 500), 'b');
    feed(sut, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                  body, 300);
    ASSERT_EQ(sut.response().body, body);
    EXPECT_TRUE(sut.response().keeps_alive);
    sut.begin();
  }
}

TEST(HttpParser, bytes_that_nobody_asked_for_are_a_fault_of_the_next_response) {
  HttpParser sut(kSmall);
  EXPECT_EQ(feed(sut, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200", 100),
            HttpStep::kResponse);
  EXPECT_EQ(sut.rest(), "HTTP/1.1 200");
  sut.begin();
  EXPECT_EQ(sut.next(), HttpStep::kFault);
  EXPECT_EQ(sut.fault(), HttpFault::kUnasked);
}

TEST(HttpParser, an_upgrade_leaves_what_follows_to_the_other_protocol) {
  HttpParser sut(kSmall);
  const std::string stream =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01z";
  EXPECT_EQ(feed(sut, stream, 99), HttpStep::kResponse);
  EXPECT_EQ(sut.rest(), "\x81\x01z");
}

TEST(HttpParser, what_is_no_http_is_refused_by_its_first_bytes) {
  expect_fault("\x16\x03\x01 tls?", HttpFault::kBadStatusLine);
  expect_fault("HTTQ", HttpFault::kBadStatusLine);
  expect_fault("HTTP/2 200 OK\r\n\r\n", HttpFault::kBadStatusLine);
  expect_fault("HTTP/1.1 20 OK\r\n\r\n", HttpFault::kBadStatusLine);
  expect_fault("HTTP/1.1 2000\r\n\r\n", HttpFault::kBadStatusLine);
  expect_fault("HTTP/1.1 200 O\x01K\r\n\r\n", HttpFault::kBadStatusLine);
}

TEST(HttpParser, fields_that_are_none_are_refused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  expect_fault(ok + "no colon\r\n\r\n", HttpFault::kBadField);
  expect_fault(ok + ": no name\r\n\r\n", HttpFault::kBadField);
  expect_fault(ok + "A: b\r\n folded: c\r\n\r\n", HttpFault::kBadField);
  expect_fault(ok + "Content-Length : 5\r\n\r\n", HttpFault::kBadField);
  expect_fault(ok + "A: b\nB: c\r\n\r\n", HttpFault::kBadField);
}

TEST(HttpParser, lengths_that_cannot_be_trusted_are_refused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const char* bad : {"-1", "+5", "0x10", "5 5", "99999999999999999999", "1e3"}) {
    expect_fault(ok + "Content-Length: " + bad + "\r\n\r\n", HttpFault::kBadLength);
  }
  expect_fault(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", HttpFault::kBadLength);
  expect_fault(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
               HttpFault::kBadLength);
  expect_fault(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", HttpFault::kUnknownCoding);
  expect_fault(ok + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
               HttpFault::kUnknownCoding);
}

TEST(HttpParser, chunks_that_are_none_are_refused) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_fault(head + "x\r\n", HttpFault::kBadChunk);
  expect_fault(head + "\r\n", HttpFault::kBadChunk);
  expect_fault(head + "5\r\nhelloXX", HttpFault::kBadChunk);
  expect_fault(head + "fffffffffffffffff\r\n", HttpFault::kBadChunk);
  expect_fault(head + "5" + std::string(2'000, ';'), HttpFault::kBadChunk);
}

TEST(HttpParser, sizes_are_bounded) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  expect_fault(ok + "A: " + std::string(3'000, 'x') + "\r\n\r\n", HttpFault::kHeadTooBig);
  expect_fault(ok + "Content-Length: 10001\r\n\r\n", HttpFault::kBodyTooBig);
  expect_fault(ok + "Transfer-Encoding: chunked\r\n\r\n2711\r\n", HttpFault::kBodyTooBig);
  expect_fault(ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
               HttpFault::kBodyTooBig);
  std::string trailers = ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 400; ++i) trailers += "Trailing: yes\r\n";
  expect_fault(trailers, HttpFault::kHeadTooBig);
  expect_fault("HTTP/1.0 200 OK\r\n\r\n" + std::string(10'001, 'x'), HttpFault::kBodyTooBig);
}

TEST(HttpParser, a_stream_that_ends_early_is_a_fault) {
  for (const char* cut : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    HttpParser sut(kSmall);
    EXPECT_EQ(feed(sut, cut, 1), HttpStep::kNeedMore);
    EXPECT_EQ(sut.end_of_stream(), HttpStep::kFault) << cut;
    EXPECT_EQ(sut.fault(), HttpFault::kCutShort);
  }
}

}  // namespace
}  // namespace pinstripe::net
