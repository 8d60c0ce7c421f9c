// The decisions hang on the data: one trade's quantity, or one level near the touch, altered in the
// middle of a capture, gives other signals.
#include <cstdio>

#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

class ChangeTest : public PipelineTest {
 protected:
  std::string digest_of(const std::string& file) {
    const auto done = up({file}, {"--in-process"});
    EXPECT_EQ(done.exit, 0) << done.err;
    return done.exit == 0 ? done.json().at("signals_digest").get<std::string>() : "";
  }
  std::string write(const std::string& name, const std::vector<std::string>& lines) {
    const std::string file = (folder_ / name).string();
    write_lines(file, lines);
    return file;
  }
};

void replace_once(std::string& line, const std::string& old_text, const std::string& new_text) {
  line.replace(line.find(old_text), old_text.size(), new_text);
}

/// The quantity of the bid `price` in a depth line: where it stands; npos where it is not there.
std::size_t quantity_at(const std::string& line, const std::string& price) {
  const std::size_t bids = line.find(R"("b":[)");
  const std::size_t asks = line.find(R"("a":[)");
  const std::string mark = "[\"" + price + "\",\"";
  const std::size_t at = line.find(mark, bids);
  return at == std::string::npos || at > asks ? std::string::npos : at + mark.size();
}

TEST_F(ChangeTest, AnotherQuantityOfOneTradeInTheMiddleGivesOtherSignals) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20230404"));
  auto lines = lines_of(file);
  const std::string whole = digest_of(write("same.txt", lines));
  EXPECT_EQ(whole, digest_of(file)) << "plain text and gz are the same data";
  std::size_t at = lines.size() / 2;
  while (!is_trade(lines.at(at))) ++at;
  const std::string quantity = text_field(lines[at], "q");
  ASSERT_NE(quantity, "9.000");
  replace_once(lines[at], "\"q\":\"" + quantity + "\"", R"("q":"9.000")");
  EXPECT_NE(digest_of(write("altered.txt", lines)), whole) << lines[at];
}

TEST_F(ChangeTest, AnotherQuantityOfOneLevelNearTheTouchGivesOtherSignals) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20230404"));
  auto lines = lines_of(file);
  const std::string whole = digest_of(file);
  std::string best_bid;
  bool altered = false;
  for (std::size_t i = lines.size() / 2; i < lines.size() && !altered; ++i) {
    if (lines[i].find(R"("e":"bookTicker")") != std::string::npos) {
      best_bid = text_field(lines[i], "b");
    }
    if (best_bid.empty() || !is_depth(lines[i])) continue;
    for (int ticks = 2; ticks <= 10 && !altered; ++ticks) {  // a tick is 0.10
      char price[32];
      std::snprintf(price, sizeof(price), "%.2f", std::stod(best_bid) - 0.1 * ticks);
      const std::size_t begin = quantity_at(lines[i], price);
      if (begin == std::string::npos) continue;
      const std::size_t end = lines[i].find('"', begin);
      if (std::stod(lines[i].substr(begin, end - begin)) == 0) continue;  // a deleted level
      lines[i].replace(begin, end - begin, "77.000");
      altered = true;
    }
  }
  ASSERT_TRUE(altered) << "no depth line with a level near the touch";
  EXPECT_NE(digest_of(write("altered.txt", lines)), whole);
}

}  // namespace
}  // namespace pinstripe
