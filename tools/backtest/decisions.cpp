#include "tools/backtest/decisions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <tuple>

#include "tools/backtest/csv_file.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

constexpr std::array<const char*, 5> kKindNames{"none", "new", "cancel", "amend", "cancel_all"};
constexpr std::array<const char*, 3> kTypeNames{"none", "limit", "market"};
constexpr std::array<const char*, 4> kTifNames{"none", "gtc", "ioc", "fok"};

enum Cell : std::size_t {
  kKind = 1, kInstrument = 2, kSide = 3, kType = 4, kTif = 5, kPurpose = 6, kPostOnly = 7,
  kReduceOnly = 8, kOpens = 9, kPrice = 10, kQuantity = 11, kOrigin = 14, kSent = 15, kCells = 16,
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t from = 0; from <= line.size();) {
    const std::size_t comma = std::min(line.find(',', from), line.size());
    cells.push_back(line.substr(from, comma - from));
    from = comma + 1;
  }
  return cells;
}

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

/// The words of a decision that have a meaning for its kind.
std::string words(std::span<const std::string> cells) {
  if (cells[kKind] == "cancel" || cells[kKind] == "cancel_all") return cells[kPurpose];
  std::string text;
  for (const Cell c : {kSide, kType, kTif, kPurpose}) text += cells[c] + " ";
  if (cells[kPostOnly] == "1") text += "post_only ";
  if (cells[kReduceOnly] == "1") text += "reduce_only ";
  if (cells[kOpens] == "1") text += "opens ";
  return text + cells[kQuantity] + " @ " + cells[kPrice];
}

/// Decisions in the order of their names, each with its place among those of the same name.
struct Named {
  const Decision* decision;
  std::size_t nth;
  auto name() const {
    return std::tie(decision->origin_ns, decision->instrument, decision->kind, nth);
  }
};

std::vector<Named> by_name(const std::vector<Decision>& decisions) {
  std::vector<Named> names;
  for (const Decision& d : decisions) names.push_back({&d, 0});
  std::stable_sort(names.begin(), names.end(),
                   [](const Named& x, const Named& y) { return x.name() < y.name(); });
  for (std::size_t i = 1; i < names.size(); ++i) {
    const Decision& d = *names[i].decision;
    const Decision& before = *names[i - 1].decision;
    const bool again = d.origin_ns == before.origin_ns && d.instrument == before.instrument &&
                       d.kind == before.kind;
    names[i].nth = again ? names[i - 1].nth + 1 : 0;
  }
  return names;
}

}  // namespace

std::vector<std::string> command_cells(const OrderCommand& c, const Instrument& i) {
  const auto flag = [&](OrderFlag f) { return std::string((c.flags & f) != 0 ? "1" : "0"); };
  return {std::to_string(c.number),
          kKindNames.at(static_cast<std::size_t>(c.kind)),
          i.id,
          c.h.side() == Side::kBuy ? "buy" : "sell",
          kTypeNames.at(static_cast<std::size_t>(c.type)),
          kTifNames.at(static_cast<std::size_t>(c.tif)),
          std::string(kPurposeNames.at(static_cast<std::size_t>(c.purpose))),
          flag(kOrderPostOnly),
          flag(kOrderReduceOnly),
          flag(kOrderOpens),
          plain_e8(ticks_e8(i, c.price_ticks.value)),
          plain_e8(lots_e8(i, c.qty_lots.value)),
          std::to_string(c.id.decision),
          std::to_string(c.signal_decision),
          std::to_string(c.h.origin_ns.value),
          std::to_string(c.h.event_ns.value)};
}

Decision decision_from(std::span<const std::string> cells) {
  return {cells[kInstrument], cells[kKind], whole(cells[kOrigin]).value_or(0),
          whole(cells[kSent]).value_or(0), words(cells)};
}

Result<std::vector<Decision>> read_decisions(const std::string& folder) {
  const std::string path = folder + "/" + kCommandsName;
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line) || line != kCommandsHead) {
    return fail_usage("'" + path + "' is not the commands of a run: its first line must be '" +
                      kCommandsHead + "'; make the folder with 'pinstripe backtest --out'");
  }
  std::vector<Decision> decisions;
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    const std::vector<std::string> cells = split(line);
    if (cells.size() != kCells || !whole(cells[kOrigin]) || !whole(cells[kSent])) {
      return fail_usage("'" + path + "', line " + std::to_string(number) + ": found '" + line +
                        "', which is no command");
    }
    decisions.push_back(decision_from(cells));
  }
  return decisions;
}

std::string decision_line(const Decision& d) {
  return shown_time(d.origin_ns) + " " + d.instrument + " " + d.kind + " " + d.what;
}

void DecisionLog::command(const OrderCommand& c) {
  decisions.push_back(decision_from(command_cells(c, instruments_[c.h.instrument])));
}

DecisionsDifference compare_decisions(std::vector<Decision> a, std::vector<Decision> b) {
  DecisionsDifference d;
  d.a = static_cast<std::int64_t>(a.size());
  d.b = static_cast<std::int64_t>(b.size());
  const std::vector<Named> left = by_name(a), right = by_name(b);
  const auto differ = [&](const Decision* x, const Decision* y) {
    if (d.first) return;
    d.first.emplace();
    if (x != nullptr) d.first->a = *x;
    if (y != nullptr) d.first->b = *y;
  };
  auto x = left.begin();
  auto y = right.begin();
  while (x != left.end() || y != right.end()) {
    if (y == right.end() || (x != left.end() && x->name() < y->name())) {
      ++d.only_a;
      differ((x++)->decision, nullptr);
    } else if (x == left.end() || y->name() < x->name()) {
      ++d.only_b;
      differ(nullptr, (y++)->decision);
    } else if (x->decision->what == y->decision->what) {
      ++d.same;
      d.later += (x++)->decision->sent_ns != (y++)->decision->sent_ns ? 1 : 0;
    } else {
      ++d.changed;
      differ((x++)->decision, (y++)->decision);
    }
  }
  return d;
}

}  // namespace pinstripe
