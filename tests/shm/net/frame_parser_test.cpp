// What RFC 6455 asks of a receiver, in the order of the public Autobahn case list (its class number
// is in each test's name). Every stream is given whole, byte by byte, and in pieces of a few sizes.
#include "shm/net/frame_parser.h"

#include <gtest/gtest.h>

#include "tests/shm/net/frames.h"

namespace pinstripe::net {
namespace {

using Events = std::vector<Seen>;

std::unique_ptr<FrameParser> parser(std::size_t limit = 1 << 20) {
  return FrameParser::open({.message_bytes_max = limit, .deflate = {}}).value();
}

/// The same events however the stream is cut.
void expect_events(const std::string& stream, const Events& wanted, std::size_t limit = 1 << 20) {
  for (const std::size_t piece : {stream.size(), std::size_t{1}, std::size_t{2}, std::size_t{3},
                                  std::size_t{7}, std::size_t{997}}) {
    if (piece < 100 && stream.size() > 300'000) continue;
    const auto sut = parser(limit);
    EXPECT_EQ(feed_in_pieces(*sut, stream, piece), wanted) << "pieces of " << piece;
  }
}

TEST(FrameParser, case_1_payloads_of_every_length_form_arrive_whole) {
  for (const std::size_t n : {0, 1, 124, 125, 126, 127, 128, 65'535, 65'536, 100'000}) {
    const std::string payload(n, '*');
    const std::string bytes(n, '\xfe');
    expect_events(server_frame(kOpText, payload), {text(payload)});
    expect_events(server_frame(kOpBinary, bytes), {binary(bytes)});
  }
}

TEST(FrameParser, case_1_a_length_must_be_in_its_shortest_form) {
  const std::string two{'\x81', 126, 0, 125};
  const std::string eight{'\x81', 127, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};
  const std::string top{'\x81', 127, '\x80', 0, 0, 0, 0, 1, 0, 0};
  for (const std::string& s : {two, eight, top}) {
    expect_events(s, {fault(FrameFault::kLengthForm)}, std::size_t{1} << 20);
  }
}

TEST(FrameParser, case_2_pings_and_pongs_carry_up_to_125_bytes) {
  expect_events(server_frame(kOpPing, ""), {ping("")});
  expect_events(server_frame(kOpPing, "Hello") + server_frame(kOpPong, "back"),
                {ping("Hello"), pong("back")});
  const std::string raw("\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);
  expect_events(server_frame(kOpPing, raw), {ping(raw)});
  expect_events(server_frame(kOpPing, std::string(125, '\xfe')), {ping(std::string(125, '\xfe'))});
  expect_events(server_frame(kOpPing, std::string(126, 'x')), {fault(FrameFault::kControlTooLong)});
  std::string ten;
  Events wanted;
  for (char c = '0'; c <= '9'; ++c) {
    ten += server_frame(kOpPing, std::string(1, c));
    wanted.push_back(ping(std::string(1, c)));
  }
  expect_events(ten, wanted);
}

TEST(FrameParser, case_3_reserved_bits_fail_at_once_and_what_came_before_stands) {
  for (const unsigned bits : {0x10u, 0x20u, 0x30u, 0x40u, 0x50u, 0x60u, 0x70u}) {
    for (const unsigned op : {1u, 2u, 8u, 9u, 10u}) {
      const std::string stream = server_frame(kOpText, "before") +
                                 server_frame(op, "ab", 0x80 | bits) + server_frame(kOpPing, "");
      expect_events(stream, {text("before"), fault(FrameFault::kReservedBits)});
    }
  }
}

TEST(FrameParser, case_4_unknown_opcodes_fail) {
  for (const unsigned op : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
    expect_events(server_frame(kOpText, "before") + server_frame(op, "x"),
                  {text("before"), fault(FrameFault::kUnknownOpcode)});
  }
}

TEST(FrameParser, case_5_fragments_join_and_control_frames_come_out_between_them) {
  expect_events(server_frame(kOpText, "frag", 0) + server_frame(kOpContinue, "ment"),
                {text("fragment")});
  expect_events(server_frame(kOpText, "frag", 0) + server_frame(kOpPing, "p1") +
                    server_frame(kOpContinue, "", 0) + server_frame(kOpPong, "p2") +
                    server_frame(kOpContinue, "ment"),
                {ping("p1"), pong("p2"), text("fragment")});
  expect_events(server_frame(kOpBinary, "", 0) + server_frame(kOpContinue, "", 0) +
                    server_frame(kOpContinue, ""),
                {binary("")});
}

TEST(FrameParser, case_5_fragments_out_of_order_fail) {
  const auto unexpected = fault(FrameFault::kUnexpectedContinuation);
  expect_events(server_frame(kOpContinue, "x"), {unexpected});
  expect_events(server_frame(kOpContinue, "x", 0) + server_frame(kOpText, "y"), {unexpected});
  expect_events(server_frame(kOpText, "a") + server_frame(kOpContinue, "x"),
                {text("a"), unexpected});
  expect_events(server_frame(kOpText, "a", 0) + server_frame(kOpContinue, "b") +
                    server_frame(kOpContinue, "c"),
                {text("ab"), unexpected});
  expect_events(server_frame(kOpText, "a", 0) + server_frame(kOpText, "b"),
                {fault(FrameFault::kUnfinishedMessage)});
  expect_events(server_frame(kOpPing, "a", 0), {fault(FrameFault::kControlFragmented)});
  expect_events(server_frame(kOpClose, "", 0), {fault(FrameFault::kControlFragmented)});
}

const std::vector<std::string> kGoodTexts{
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", std::string("\0", 1), "\xc2\x80",
    "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
    "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!"};
const std::vector<std::string> kBadTexts{
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80" "edited",
    "\xf8\x88\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xf4\x90\x80\x80", "\x80", "\xbf", "\xc0\xaf",
    "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80", "\xed\xbf\xbf", "\xfe", "\xff", "\xc3(", "\xe2\x82(", "\xf5\x80\x80\x80"};

TEST(FrameParser, case_6_valid_utf8_passes_whole_and_cut_anywhere) {
  for (const std::string& s : kGoodTexts) {
    expect_events(server_frame(kOpText, s), {text(s)});
    const std::string longer = std::string(61, 'a') + s + std::string(70, 'z');
    expect_events(server_frame(kOpText, longer), {text(longer)});
    std::string cut;
    for (std::size_t i = 0; i < s.size(); ++i) {
      cut += server_frame(i == 0 ? kOpText : kOpContinue, s.substr(i, 1), 0);
    }
    expect_events(cut + server_frame(kOpContinue, ""), {text(s)});
  }
}

TEST(FrameParser, case_6_invalid_utf8_fails_and_binary_may_hold_it) {
  for (const std::string& s : kBadTexts) {
    expect_events(server_frame(kOpText, s), {fault(FrameFault::kBadUtf8)});
    expect_events(server_frame(kOpText, s.substr(0, 1), 0) +
                      server_frame(kOpContinue, s.substr(1) + "tail"),
                  {fault(FrameFault::kBadUtf8)});
    expect_events(server_frame(kOpBinary, s), {binary(s)});
  }
}

TEST(FrameParser, case_6_text_that_ends_within_a_character_fails) {
  for (const char* s : {"\xc3", "a\xe2\x82", "\xf0\x9f\x98"}) {
    expect_events(server_frame(kOpText, s), {fault(FrameFault::kBadUtf8)});
    expect_events(server_frame(kOpText, s, 0) + server_frame(kOpContinue, ""),
                  {fault(FrameFault::kBadUtf8)});
  }
}

TEST(FrameParser, case_6_bad_text_is_known_before_its_frame_has_ended) {
  const auto sut = parser();
  const std::string stream = server_frame(kOpText, "good\xf4\x90" + std::string(1000, 'x'));
  EXPECT_EQ(feed_in_pieces(*sut, stream.substr(0, 10), 10),
            Events{fault(FrameFault::kBadUtf8)});
}

TEST(FrameParser, case_7_a_close_ends_the_stream) {
  expect_events(close_frame(1000, "bye") + server_frame(kOpText, "late") +
                    server_frame(kOpPing, "late"),
                {closed(1000, "bye")});
  expect_events(server_frame(kOpText, "half", 0) + close_frame(1001) +
                    server_frame(kOpContinue, "rest"),
                {closed(1001)});
  expect_events(server_frame(kOpClose, ""), {closed(kCloseWithoutCode)});
  expect_events(close_frame(1000, std::string(123, '*')), {closed(1000, std::string(123, '*'))});
  expect_events(close_frame(1000, std::string(124, '*')), {fault(FrameFault::kControlTooLong)});
  expect_events(server_frame(kOpClose, "\x03"), {fault(FrameFault::kBadClosePayload)});
  expect_events(close_frame(1000, "\xce\xba\xed\xa0\x80"), {fault(FrameFault::kBadUtf8)});
}

TEST(FrameParser, case_7_close_codes) {
  for (const unsigned code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
                              1014, 3000, 3999, 4000, 4999}) {
    expect_events(close_frame(code), {closed(code)});
  }
  for (const unsigned code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
                              65'535}) {
    expect_events(close_frame(code), {fault(FrameFault::kBadCloseCode)});
  }
}

TEST(FrameParser, a_fault_tells_the_code_to_close_with) {
  EXPECT_EQ(close_code_of(FrameFault::kReservedBits), 1002);
  EXPECT_EQ(close_code_of(FrameFault::kBadUtf8), 1007);
  EXPECT_EQ(close_code_of(FrameFault::kTooBig), 1009);
  EXPECT_EQ(close_code_of(FrameFault::kBadDeflate), 1007);
  EXPECT_STREQ(text_of(FrameFault::kBadDeflate), "compressed bytes that do not inflate");
}

TEST(FrameParser, a_masked_frame_of_a_server_fails) {
  std::string masked = server_frame(kOpText, std::string("\0\0\0\0Hi", 6));
  masked[1] = static_cast<char>(0x80 | 2);
  expect_events(masked, {fault(FrameFault::kMasked)});
}

TEST(FrameParser, case_9_messages_up_to_the_limit_pass_and_larger_ones_fail_by_their_header) {
  constexpr std::size_t kLimit = 400'000;
  const std::string whole(kLimit, 'w');
  expect_events(server_frame(kOpText, whole), {text(whole)}, kLimit);
  std::string cut = server_frame(kOpBinary, "", 0);
  for (std::size_t i = 0; i < kLimit; i += 4'000) {
    cut += server_frame(kOpContinue, whole.substr(i, 4'000), 0);
  }
  expect_events(cut + server_frame(kOpContinue, ""), {binary(whole)}, kLimit);
  const auto sut = parser(kLimit);
  const std::string header = server_frame(kOpText, std::string(kLimit + 1, 'w')).substr(0, 10);
  EXPECT_EQ(feed_in_pieces(*sut, header, 10), Events{fault(FrameFault::kTooBig)});
  expect_events(cut + server_frame(kOpContinue, "x"), {fault(FrameFault::kTooBig)}, kLimit);
}

TEST(FrameParser, case_10_fragments_of_1300_bytes_join_to_65536) {
  const std::string payload(65'536, '*');
  std::string stream;
  for (std::size_t i = 0; i < payload.size(); i += 1'300) {
    const bool is_last = i + 1'300 >= payload.size();
    stream += server_frame(i == 0 ? kOpText : kOpContinue, payload.substr(i, 1'300),
                           is_last ? 0x80 : 0);
  }
  expect_events(stream, {text(payload)});
}

TEST(FrameParser, goes_on_for_ever_in_a_buffer_that_is_not_much_larger_than_a_message) {
  const auto sut = parser(64);
  std::string stream;
  Events wanted;
  for (int i = 0; i < 20'000; ++i) {
    const std::string payload(static_cast<std::size_t>(i % 65), static_cast<char>('a' + i % 26));
    stream += server_frame(kOpText, payload);
    wanted.push_back(text(payload));
  }
  EXPECT_EQ(feed_in_pieces(*sut, stream, 1'111), wanted);
}

TEST(FrameParser, a_message_of_one_frame_lies_where_it_was_written) {
  const auto sut = parser();
  const std::string stream = server_frame(kOpText, "in place");
  const std::span<char> room = sut->writable();
  std::memcpy(room.data(), stream.data(), stream.size());
  sut->commit(stream.size());
  const FrameEvent e = sut->next();
  EXPECT_EQ(e.payload, "in place");
  EXPECT_EQ(e.payload.data(), room.data() + 2);
}

TEST(FrameParser, a_fault_stays) {
  const auto sut = parser();
  feed_in_pieces(*sut, server_frame(kOpText, "\xff"), 100);
  EXPECT_EQ(sut->next().fault, FrameFault::kBadUtf8);
  EXPECT_EQ(feed_in_pieces(*sut, server_frame(kOpText, "sound"), 100),
            Events{fault(FrameFault::kBadUtf8)});
}

}  // namespace
}  // namespace pinstripe::net
