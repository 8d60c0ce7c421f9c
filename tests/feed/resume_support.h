// Leaves a source in the middle, goes on with another and compares.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "feed/source.h"

namespace pinstripe::feed_test {

using OpenSource = std::function<std::unique_ptr<FrameSource>()>;

struct SeenFrame {
  std::int64_t origin_ns;
  std::string bytes;
  FrameFormat format;
  std::uint16_t instrument;
  std::uint32_t file, column;
  std::uint64_t line;
  std::uint64_t offset, position_line, size;  // of the position
  std::int64_t backward;
  bool operator==(const SeenFrame&) const = default;
};

inline SeenFrame seen_of(FrameSource& source) {
  const FeedFrame& f = *source.peek();
  const FeedPosition at = source.position();
  return {f.origin_ns.value, std::string(f.bytes), f.format, f.instrument, f.file, f.column,
          f.line, at.offset, at.line, at.size, source.backward_times()};
}

inline std::vector<std::byte> saved(const FrameSource& source) {
  StateWriter size;
  source.save(size);
  std::vector<std::byte> bytes(size.size());
  StateWriter w{bytes};
  source.save(w);
  return bytes;
}

inline std::string text_of(const std::optional<Error>& e) { return e ? e->message : "no error"; }

/// `source` shows all[from...], at most `count` of them; at their end, the error `error`.
inline void expect_rest(FrameSource& source, const std::vector<SeenFrame>& all, std::size_t from,
                 std::size_t count, const std::string& error) {
  std::size_t i = from;
  for (; i < std::min(all.size(), from + count); ++i) {
    ASSERT_NE(source.peek(), nullptr) << "frame " << i << " of " << all.size();
    ASSERT_TRUE(seen_of(source) == all[i]) << "frame " << i << ": " << source.peek()->bytes;
    source.pop();
  }
  if (i < all.size()) return;
  ASSERT_EQ(source.peek(), nullptr);
  EXPECT_EQ(text_of(source.error()), error);
}

/// Left at every `stride`th frame and at the end; what follows is compared `count` frames far.
inline void expect_resumes(const OpenSource& open, std::size_t stride,
                           std::size_t count = SIZE_MAX) {
  std::vector<SeenFrame> all;
  const auto whole = open();
  ASSERT_TRUE(whole->seekable());
  for (; whole->peek() != nullptr; whole->pop()) all.push_back(seen_of(*whole));
  const std::string error = text_of(whole->error());
  const auto source = open();
  for (std::size_t i = 0; i <= all.size(); ++i) {
    if (i % stride == 0 || i + 1 >= all.size()) {
      const auto state = saved(*source);
      const auto next = open();
      StateReader r{state};
      const auto loaded = next->load(r);
      ASSERT_TRUE(loaded.has_value()) << "frame " << i << ": " << loaded.error().message;
      ASSERT_TRUE(r.exhausted());
      ASSERT_EQ(saved(*next), state) << "a second life is left as the first, frame " << i;
      ASSERT_NO_FATAL_FAILURE(expect_rest(*next, all, i, count, error)) << "left at " << i;
    }
    if (source->peek() != nullptr) source->pop();
  }
}

}  // namespace pinstripe::feed_test
