// The metrics once more, from the CSV files alone, written apart: two passes, long double, exact
// decimals where money is summed. It knows nothing of risk, exec or the recorder.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pinstripe::reference {

using Real = long double;
using Row = std::map<std::string, std::string>;

inline std::vector<Row> read_csv(const std::string& path) {
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells;
    std::stringstream in(line + ",");
    for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  const auto head = cells_of(line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto cells = cells_of(line);
    Row row;
    for (std::size_t i = 0; i < head.size(); ++i) row[head[i]] = cells.at(i);
    rows.push_back(row);
  }
  return rows;
}

/// A decimal with at most eight places as an exact integer of 1e-8.
inline std::int64_t e8(const std::string& text) {
  const bool negative = text.starts_with('-');
  std::string digits = text.substr(negative ? 1 : 0);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string places = point < digits.size() ? digits.substr(point + 1) : "";
  places.resize(8, '0');
  const std::int64_t v = std::stoll(digits.substr(0, point)) * 100'000'000 + std::stoll(places);
  return negative ? -v : v;
}
inline Real real(const std::string& text) { return static_cast<Real>(e8(text)) / 1e8L; }

/// What the resolved plan says of an instrument.
struct Contract {
  std::string settle, base;
  bool inverse = false, spot = false;
  Real lot = 0, multiplier = 0;
};

inline std::map<std::string, Contract> contracts_of(const nlohmann::json& plan) {
  std::map<std::string, Contract> all;
  for (const auto& i : plan.at("instruments")) {
    Contract c;
    c.settle = i.at("settle");
    c.base = i.at("base");
    c.inverse = i.at("market") == "inverse";
    c.spot = i.at("market") == "spot";
    c.lot = static_cast<Real>(i.at("lot_e8").get<std::int64_t>()) / 1e8L;
    c.multiplier = static_cast<Real>(i.at("multiplier_e8").get<std::int64_t>()) / 1e8L;
    all[i.at("id")] = c;
  }
  return all;
}

/// A position at average entry, in real numbers.
struct Position {
  Real held = 0, cost = 0;  // signed; cost: price x held (linear), held / price (inverse)
  Real trade_net = 0;
  Real fill(const Contract& c, Real signed_quantity, Real price) {
    const Real each = c.inverse ? 1 / price : price;
    Real profit = 0;
    if (held * signed_quantity < 0) {
      const Real closing = std::min(std::fabs(held), std::fabs(signed_quantity));
      const Real share = closing / std::fabs(held);
      const Real out = (held > 0 ? 1 : -1) * closing * each;
      profit = (out - cost * share) * (c.inverse ? -1 : 1) * c.multiplier;
      cost -= cost * share;
      held += (held > 0 ? -closing : closing);
      signed_quantity += signed_quantity > 0 ? -closing : closing;
    }
    held += signed_quantity;
    cost += signed_quantity * each;
    return profit;
  }
};

struct Account {
  Real opening = 0, final = 0, total_return = 0;
  Real mean = 0, deviation = 0, downside = 0, drawdown = 0;
  std::int64_t intervals = 0, drawdown_ns = 0, samples = 0, exposed = 0;
  Real gross_over_equity = 0;
  std::int64_t trades = 0, wins = 0, fills = 0, orders = 0, touched = 0;
  Real won = 0, lost = 0, fees = 0, funding = 0, turnover = 0, maker = 0, profit = 0;
  Real slipped = 0, slipped_notional = 0, slipped_maker = 0, slipped_maker_notional = 0;
};

inline void read_equity(const std::string& folder, std::map<std::string, Account>& accounts,
                        const std::map<std::string, Real>& opening) {
  struct Sample {
    std::int64_t t;
    Real equity;
    bool grid;
  };
  std::map<std::string, std::vector<Sample>> series;
  for (const Row& row : read_csv(folder + "/equity.csv")) {
    Account& a = accounts[row.at("account")];
    const bool grid = row.at("on_grid") == "1";
    const std::int64_t t = std::stoll(row.at("time_ns"));
    series[row.at("account")].push_back({t, real(row.at("equity")), grid});
    if (!grid) continue;
    ++a.samples;
    a.exposed += row.at("gross_notional") != "0" ? 1 : 0;
    a.gross_over_equity += real(row.at("gross_notional")) / real(row.at("equity"));
  }
  for (const auto& [name, samples] : series) {
    Account& a = accounts[name];
    a.opening = opening.at(name);
    a.final = samples.back().equity;
    a.total_return = a.final / a.opening - 1;
    std::vector<Real> returns;
    for (std::size_t i = 1; i < samples.size() && samples[i].grid; ++i) {
      returns.push_back(samples[i].equity / samples[i - 1].equity - 1);
    }
    a.intervals = static_cast<std::int64_t>(returns.size());
    for (const Real r : returns) a.mean += r;
    a.mean /= std::max<Real>(1, static_cast<Real>(returns.size()));
    Real squares = 0, falls = 0;
    for (const Real r : returns) {
      squares += (r - a.mean) * (r - a.mean);
      falls += r < 0 ? r * r : 0;
    }
    const auto n = static_cast<Real>(returns.size());
    if (n > 1) a.deviation = std::sqrt(squares / (n - 1));
    if (n > 0) a.downside = std::sqrt(falls / n);
    // Every pair of a peak and what follows it until it is reached again.
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const Real peak = i == 0 ? std::max(a.opening, samples[0].equity) : samples[i].equity;
      for (std::size_t k = i + 1; k < samples.size(); ++k) {
        const bool again = samples[k].equity >= peak;
        const bool fell = samples[k - 1].equity < peak;
        if (!again) a.drawdown = std::max(a.drawdown, (peak - samples[k].equity) / peak);
        if (!again || fell) a.drawdown_ns = std::max(a.drawdown_ns, samples[k].t - samples[i].t);
        if (again) break;
      }
    }
  }
}

inline void read_fills(const std::string& folder, const std::map<std::string, Contract>& contracts,
                       std::map<std::string, Account>& accounts) {
  std::map<std::string, Row> orders;
  for (const Row& row : read_csv(folder + "/orders.csv")) {
    orders[row.at("order")] = row;
    Account& a = accounts[contracts.at(row.at("instrument")).settle];
    ++a.orders;
    a.touched += row.at("filled") != "0" ? 1 : 0;
  }
  std::map<std::string, Position> positions;
  for (const Row& row : read_csv(folder + "/fills.csv")) {
    const Contract& c = contracts.at(row.at("instrument"));
    Account& a = accounts[c.settle];
    Position& p = positions[row.at("instrument")];
    if (row.at("kind") == "funding") {
      a.funding += real(row.at("cash"));
      p.trade_net += real(row.at("cash"));
      continue;
    }
    const Real price = real(row.at("price")), quantity = real(row.at("quantity"));
    const Real sign = row.at("side") == "buy" ? 1 : -1;
    Real profit = p.fill(c, sign * quantity, price);
    Real fee = real(row.at("fee"));
    const bool in_base = c.spot && row.at("fee_asset") == c.base;
    if (in_base && fee > 0) {
      profit += p.fill(c, -fee, price);
      fee *= price;
    }
    ++a.fills;
    a.profit += profit;
    a.fees += fee;
    p.trade_net += profit - fee;
    const Real notional = real(row.at("notional"));
    a.turnover += notional;
    const bool maker = row.at("liquidity") == "maker";
    a.maker += maker ? notional : 0;
    const Row& order = orders.at(row.at("order"));
    const Real mid = (real(order.at("arrival_bid")) + real(order.at("arrival_ask"))) / 2;
    const Real bps = sign * (price / mid - 1) * 1e4L;
    a.slipped += notional * bps;
    a.slipped_notional += notional;
    a.slipped_maker += maker ? notional * bps : 0;
    a.slipped_maker_notional += maker ? notional : 0;
    if (std::fabs(p.held) >= c.lot * 0.999999L) continue;  // spot keeps dust below a lot
    ++a.trades;
    a.wins += p.trade_net > 0 ? 1 : 0;
    (p.trade_net > 0 ? a.won : a.lost) += std::fabs(p.trade_net);
    p.trade_net = 0;
  }
}

/// Everything that the files of `folder` say, by settle asset.
inline std::map<std::string, Account> read_folder(const std::string& folder,
                                                  const std::map<std::string, Real>& opening) {
  std::ifstream plan(folder + "/config.json");
  const auto contracts = contracts_of(nlohmann::json::parse(plan));
  std::map<std::string, Account> accounts;
  read_equity(folder, accounts, opening);
  read_fills(folder, contracts, accounts);
  return accounts;
}

}  // namespace pinstripe::reference
