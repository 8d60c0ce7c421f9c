#include "exec/client_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

TEST(ClientIdTest, HasTheLengthAndLettersThatVenuesTake) {
  const std::string sut(encode_client_id({UINT64_MAX, UINT32_MAX, UINT32_MAX}).view());
  EXPECT_GE(sut.size(), 24U);
  EXPECT_LE(sut.size(), 32U);
  EXPECT_TRUE(std::all_of(sut.begin(), sut.end(), [](char c) {
    return kBase62.find(c) != std::string_view::npos;
  }));
  EXPECT_TRUE(sut.starts_with("pin"));
}

TEST(ClientIdTest, ComesBackAsTheOrderItWasMadeOf) {
  std::set<std::string> all;
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    const OrderId id{random_draw(1, 1, n, 0) >> (n % 64),
                     static_cast<std::uint32_t>(random_draw(1, 2, n, 0)),
                     static_cast<std::uint32_t>(n % 7)};
    const ClientId sut = encode_client_id(id);
    ASSERT_EQ(decode_client_id(sut.view()), id);
    all.insert(std::string(sut.view()));
  }
  EXPECT_GT(all.size(), 19'900U);  // draws shifted to few bits repeat; ids never collide otherwise
  for (const OrderId id : {OrderId{}, OrderId{UINT64_MAX, UINT32_MAX, UINT32_MAX}}) {
    EXPECT_EQ(decode_client_id(encode_client_id(id).view()), id);
  }
}

TEST(ClientIdTest, SortsLikeTheDecisionsOfOneEpoch) {
  std::string before(encode_client_id({1, 5, 0}).view());
  for (std::uint64_t n = 2; n < 5'000; n += 7) {
    const std::string sut(encode_client_id({n, 5, 0}).view());
    EXPECT_LT(before.substr(0, 26), sut.substr(0, 26));
    before = sut;
  }
}

TEST(ClientIdTest, RefusesForeignAndDamagedIds) {
  const std::string good(encode_client_id({77, 3, 1}).view());
  EXPECT_FALSE(decode_client_id(""));
  EXPECT_FALSE(decode_client_id("web_4f8c2a9d1e7b4c6fa0123456"));
  EXPECT_FALSE(decode_client_id(good.substr(1)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'0', 'Z', 'a', '_'}) {
      std::string bad = good;
      if (bad[i] == c) continue;
      bad[i] = c;
      EXPECT_FALSE(decode_client_id(bad)) << "character " << i << " changed to " << c;
    }
  }
  // 62^6 - 1 is more than an epoch can be: refused, not cut to 32 bits.
  std::string wide = good;
  wide.replace(3, 6, "zzzzzz");
  wide[26] = client_id_detail::check_digit(std::string_view(wide).substr(0, 26));
  EXPECT_FALSE(decode_client_id(wide));
}

}  // namespace
}  // namespace pinstripe
