// The decisions hang on the data: on every capture, one trade's quantity or one level within the
// best 20, altered by its last digit anywhere in the middle half, gives other signals, and leaves
// every order before it as it was. PINSTRIPE_SEED draws other lines.
#include <cstdlib>
#include <map>
#include <random>

#include "shm/base/hash.h"
#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

/// A quantity as it stands in a line.
struct QuantityText {
  double price = 0;
  std::size_t begin = 0, length = 0;
};

QuantityText quantity_between_quotes(const std::string& line, double price, std::size_t begin) {
  return {price, begin, line.find('"', begin) - begin};
}

/// Levels of `"b":[["price","quantity"],...]`, in their order.
std::vector<QuantityText> levels_in(const std::string& line, const std::string& side) {
  std::vector<QuantityText> levels;
  std::size_t at = line.find("\"" + side + "\":[");
  if (at == std::string::npos) return levels;
  at += side.size() + 4;
  while (line.compare(at, 2, "[\"") == 0) {
    const double price = std::stod(line.substr(at + 2));
    const std::size_t quantity = line.find("\",\"", at) + 3;
    levels.push_back(quantity_between_quotes(line, price, quantity));
    at = line.find(']', quantity) + 1;
    if (line[at] == ',') ++at;
  }
  return levels;
}

double value_of(const std::string& line, const QuantityText& q) {
  return std::stod(line.substr(q.begin, q.length));
}

/// The last digit that is not 0 becomes its neighbour: the least change that stays on the grid.
void alter(std::string& line, const QuantityText& q) {
  const std::size_t at = line.find_last_of("123456789", q.begin + q.length - 1);
  ASSERT_GE(at, q.begin);
  line[at] = line[at] == '9' ? '8' : static_cast<char>(line[at] + 1);
}

/// The depth stream's own book, plainly.
class PlainBook {
 public:
  void apply(const std::string& line) {
    for (const QuantityText& l : levels_in(line, "b")) set(bids_, -l.price, value_of(line, l));
    for (const QuantityText& l : levels_in(line, "a")) set(asks_, l.price, value_of(line, l));
  }
  /// Levels of `line`, applied already, that stand within the best 20 of their side, best first.
  std::vector<QuantityText> best_of(const std::string& line) const {
    std::multimap<std::size_t, QuantityText> by_rank;
    for (const QuantityText& l : levels_in(line, "b")) add_ranked(bids_, -l.price, l, by_rank);
    for (const QuantityText& l : levels_in(line, "a")) add_ranked(asks_, l.price, l, by_rank);
    std::vector<QuantityText> best;
    for (const auto& [rank, l] : by_rank) best.push_back(l);
    return best;
  }

 private:
  using Side = std::map<double, double>;  // best first
  static void set(Side& side, double key, double quantity) {
    if (quantity == 0) {
      side.erase(key);
    } else {
      side[key] = quantity;
    }
  }
  static void add_ranked(const Side& side, double key, const QuantityText& level,
                         std::multimap<std::size_t, QuantityText>& to) {
    std::size_t rank = 0;
    for (auto at = side.begin(); at != side.end() && rank < 20; ++at, ++rank) {
      if (at->first == key) to.emplace(rank, level);
    }
  }
  Side bids_, asks_;
};

struct Alteration {
  std::size_t line = 0;  // from 0
  QuantityText quantity;
};

/// Two trades, the stated level nearest to the touch of one depth line, any of the best 20 of
/// another.
std::vector<Alteration> draw_alterations(const std::vector<std::string>& lines,
                                         std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> middle(lines.size() / 4, lines.size() * 3 / 4);
  std::vector<Alteration> drawn;
  for (int i = 0; i < 2; ++i) {
    std::size_t at = middle(random);
    while (at < lines.size() && !is_trade(lines[at])) ++at;
    const std::size_t quantity = lines.at(at).find(R"("q":")") + 5;
    drawn.push_back({at, quantity_between_quotes(lines[at], 0, quantity)});
  }
  std::size_t nearest_from = middle(random), any_from = middle(random);
  PlainBook book;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_depth(lines[i])) continue;
    book.apply(lines[i]);
    if (i < nearest_from && i < any_from) continue;
    const auto best = book.best_of(lines[i]);
    if (best.empty()) continue;
    if (i >= nearest_from) {
      drawn.push_back({i, best.front()});
      nearest_from = lines.size();
    } else {
      drawn.push_back({i, best[random() % best.size()]});
      any_from = lines.size();
    }
    if (nearest_from == lines.size() && any_from == lines.size()) break;
  }
  return drawn;
}

std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("PINSTRIPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20240808;
}

class ChangeTest : public PipelineTest, public testing::WithParamInterface<std::string> {
 protected:
  struct Decisions {
    std::string signals_digest;
    std::vector<OrderLine> orders;

    std::vector<std::string> before(std::int64_t ns) const {
      std::vector<std::string> texts;
      for (const OrderLine& o : orders) {
        if (o.event_ns < ns) texts.push_back(o.text);
      }
      return texts;
    }
  };
  Decisions decide(const std::vector<std::string>& lines) {
    const std::string file = (folder_ / "data.txt").string();
    const std::string orders = (folder_ / "orders.jsonl").string();
    write_lines(file, lines);
    const auto done = up({file}, {"--in-process", "--orders", orders});
    EXPECT_EQ(done.exit, 0) << done.err;
    if (done.exit != 0) return {};
    return {done.json().at("signals_digest").get<std::string>(), read_orders(orders)};
  }
};

TEST_P(ChangeTest, AnyQuantityAlteredInTheMiddleGivesOtherSignalsAndNoOtherOrderBeforeIt) {
  PINSTRIPE_NEED_DATA(file, capture_name(GetParam()));
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("PINSTRIPE_SEED=" + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Hasher own(seed);  // other lines on each capture
  own.text(GetParam());
  std::mt19937_64 random(own.value());
  auto lines = lines_of(file);
  const Decisions whole = decide(lines);
  const std::int64_t offset_ns = kept_offset().second;
  const auto drawn = draw_alterations(lines, random);
  ASSERT_EQ(drawn.size(), 4U);
  for (const Alteration& a : drawn) {
    const std::string as_it_was = lines[a.line];
    alter(lines[a.line], a.quantity);
    const Decisions sut = decide(lines);
    EXPECT_NE(sut.signals_digest, whole.signals_digest)
        << "line " << a.line + 1 << ", byte " << a.quantity.begin << ": " << lines[a.line];
    const std::int64_t at_ns = receive_ns(as_it_was) - offset_ns;
    EXPECT_EQ(sut.before(at_ns), whole.before(at_ns)) << "line " << a.line + 1;
    lines[a.line] = as_it_was;
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryCapture, ChangeTest,
    testing::Values("cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809", "spot_btcusdt_20230405",
                    "spot_btcusdt_20240808", "spot_btcusdt_20240809", "spot_ethusdt_20240808",
                    "spot_ethusdt_20240809", "usdm_btcusdt_20230404", "usdm_btcusdt_20230405",
                    "usdm_btcusdt_20240718", "usdm_btcusdt_20240719", "usdm_btcusdt_20240808",
                    "usdm_ethusdt_20240808"),
    [](const auto& of) { return of.param; });

TEST_F(PipelineTest, PlainTextAndGzAreTheSameData) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20230404"));
  const std::string plain = (folder_ / "plain.txt").string();
  write_lines(plain, lines_of(file));
  const auto packed = up({file}, {"--in-process"}), unpacked = up({plain}, {"--in-process"});
  ASSERT_EQ(packed.exit, 0) << packed.err;
  ASSERT_EQ(unpacked.exit, 0) << unpacked.err;
  for (const char* key : {"signals_digest", "orders_digest", "events"}) {
    EXPECT_EQ(packed.json().at(key), unpacked.json().at(key)) << key;
  }
}

}  // namespace
}  // namespace pinstripe
