// permessage-deflate on the receiving side: Autobahn classes 12 and 13, and what it does not try.
#include <gtest/gtest.h>

#include "shm/net/frame_parser.h"
#include "tests/shm/net/frames.h"

namespace pinstripe::net {
namespace {

using Events = std::vector<Seen>;
constexpr unsigned kCompressed = 0xC0;  // FIN and RSV1

std::unique_ptr<FrameParser> parser(DeflateTerms terms = {.is_on = true},
                                    std::size_t limit = 1 << 20) {
  return FrameParser::open({.message_bytes_max = limit, .deflate = terms}).value();
}

/// Messages of all sizes, some like one another, some like nothing.
std::vector<std::string> varied_messages() {
  std::vector<std::string> all;
  std::uint64_t x = 88172645463325252;
  for (int i = 0; i < 200; ++i) {
    std::string s = R"({"e":"depthUpdate","s":"BTCUSDT","u":)" + std::to_string(i) + ",\"b\":[";
    for (int k = 0; k < i % 97; ++k) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      s += "[\"" + std::to_string(x % 100'000) + "\",\"" + std::to_string(x >> 40) + "\"],";
    }
    all.push_back(s + "]}");
  }
  return all;
}

TEST(FrameDeflate, case_12_messages_inflate_with_the_window_kept) {
  Deflater deflated;
  const auto sut = parser();
  for (const std::string& s : varied_messages()) {
    const std::string f = server_frame(kOpText, deflated(s), kCompressed);
    ASSERT_EQ(feed_in_pieces(*sut, f, 1'000), Events{text(s)});
  }
}

TEST(FrameDeflate, case_12_large_messages_in_every_cut) {
  std::string big;
  while (big.size() < 131'072) {
    for (const std::string& s : varied_messages()) big += s;
  }
  big.resize(131'072);
  for (const std::size_t piece : {1, 7, 1'300, 1'000'000}) {
    Deflater deflated;
    const auto sut = parser();
    EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, deflated(big), kCompressed), piece),
              Events{text(big)});
  }
}

TEST(FrameDeflate, case_13_no_context_takeover_and_small_windows) {
  for (const bool forgets : {false, true}) {
    for (int bits = 9; bits <= 15; ++bits) {
      Deflater deflated(bits);
      const auto sut = parser({true, forgets, bits});
      for (const std::string& s : varied_messages()) {
        const std::string f = server_frame(kOpBinary, deflated(s), kCompressed);
        ASSERT_EQ(feed_in_pieces(*sut, f, 4'000), Events{binary(s)}) << bits;
        if (forgets) deflated.forget();
      }
    }
  }
}

TEST(FrameDeflate, compressed_fragments_with_pings_between) {
  Deflater deflated;
  const std::string plain(5'000, 'q');
  const std::string bytes = deflated(plain);
  const std::string stream = server_frame(kOpText, bytes.substr(0, 3), 0x40) +
                             server_frame(kOpPing, "now") +
                             server_frame(kOpContinue, bytes.substr(3, 1), 0) +
                             server_frame(kOpContinue, bytes.substr(4));
  for (const std::size_t piece : {1, 2, 1'000}) {
    const auto sut = parser();
    EXPECT_EQ(feed_in_pieces(*sut, stream, piece), (Events{ping("now"), text(plain)}));
  }
}

TEST(FrameDeflate, uncompressed_messages_may_stand_between_compressed_ones) {
  Deflater deflated;
  const auto sut = parser();
  std::string stream = server_frame(kOpText, deflated("one one one"), kCompressed);
  stream += server_frame(kOpText, "plain");
  stream += server_frame(kOpText, deflated("one one one"), kCompressed);
  EXPECT_EQ(feed_in_pieces(*sut, stream, 5),
            (Events{text("one one one"), text("plain"), text("one one one")}));
}

TEST(FrameDeflate, an_empty_message_and_one_that_ends_its_deflate_stream) {
  const auto sut = parser();
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, std::string(1, '\0'), kCompressed), 9),
            Events{text("")});
  Deflater finishing(15, Z_FINISH);
  for (const char* s : {"finished once", "finished twice"}) {
    EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, finishing(s), kCompressed), 9),
              Events{text(s)});
  }
  // RFC 7692 7.2.3.5 in its own bytes.
  const std::string rfc("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, rfc, kCompressed), 9),
            Events{text("Hello")});
}

TEST(FrameDeflate, the_window_outlives_a_final_block) {
  const auto sut = parser();
  const std::string once("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);  // "Hello", and a window with it
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, once, kCompressed), 9),
            Events{text("Hello")});
  const std::string final_block("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, final_block, kCompressed), 9),
            Events{text("Hello")});
  const std::string back_reference("\xf2\x00\x11\x00\x00", 5);  // RFC 7692 7.2.3.2
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, back_reference, kCompressed), 9),
            Events{text("Hello")});
}

TEST(FrameDeflate, a_bomb_ends_at_the_limit) {
  Deflater deflated;
  const auto sut = parser({.is_on = true}, 100'000);
  const std::string fits(100'000, '\0');
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpBinary, deflated(fits), kCompressed), 50),
            Events{binary(fits)});
  const std::string bomb = deflated(std::string(50'000'000, '\0'));
  ASSERT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpBinary, bomb, kCompressed), 50),
            Events{fault(FrameFault::kTooBig)});
}

TEST(FrameDeflate, one_byte_above_the_limit_is_too_big) {
  Deflater deflated;
  const auto sut = parser({.is_on = true}, 1'000);
  const std::string f = server_frame(kOpBinary, deflated(std::string(1'001, 'x')), kCompressed);
  EXPECT_EQ(feed_in_pieces(*sut, f, 50), Events{fault(FrameFault::kTooBig)});
}

TEST(FrameDeflate, rubbish_fails) {
  for (const char* rubbish : {"\xff\xff\xff\xff", "\x07", "\x62\x62\x62\x62\x62\x62\x62\x62"}) {
    const auto sut = parser();
    EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, rubbish, kCompressed), 2),
              Events{fault(FrameFault::kBadDeflate)});
  }
}

// Found by the fuzzer: which of two faults was told depended on how the stream was cut.
TEST(FrameDeflate, the_first_fault_is_told_however_the_stream_is_cut) {
  for (const std::size_t piece : {1, 2, 3, 1'000}) {
    Deflater deflated;
    const std::string bad_text_then_rubbish =
        deflated("\xff") + std::string("\x00\x00\xff\xff\x07", 5);
    const auto sut = parser();
    const std::string f = server_frame(kOpText, bad_text_then_rubbish, kCompressed);
    EXPECT_EQ(feed_in_pieces(*sut, f, piece),
              Events{fault(FrameFault::kBadUtf8)});
  }
}

TEST(FrameDeflate, text_is_checked_as_it_inflates) {
  Deflater deflated;
  const auto sut = parser();
  const std::string f = server_frame(kOpText, deflated("fine \xed\xa0\x80"), kCompressed);
  EXPECT_EQ(feed_in_pieces(*sut, f, 3), Events{fault(FrameFault::kBadUtf8)});
}

TEST(FrameDeflate, only_the_first_frame_of_a_message_may_say_that_it_is_compressed) {
  for (const unsigned op : {0u, 8u, 9u, 10u}) {
    const auto sut = parser();
    const std::string stream =
        server_frame(kOpText, "a", 0) + server_frame(op, "ab", kCompressed);
    EXPECT_EQ(feed_in_pieces(*sut, stream, 1), Events{fault(FrameFault::kReservedBits)}) << op;
  }
}

}  // namespace
}  // namespace pinstripe::net
