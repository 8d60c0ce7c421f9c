// The results of a grid as JSON for scripts and as a table for people.
#include <nlohmann/json.hpp>

#include "tools/backtest/grid.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

std::string value_of(const std::string& setting) {
  return setting.substr(setting.find('=') + 1);
}

/// The last name of the path.
std::string head_of(const std::string& setting) {
  const std::string path = setting.substr(0, setting.find('='));
  return path.substr(path.rfind('.') + 1);
}

Json settings_json(const GridPoint& point) {
  Json j = Json::object();
  for (const std::string& setting : point.settings) {
    j[setting.substr(0, setting.find('='))] = Json::parse(value_of(setting), nullptr, false);
  }
  return j;
}

std::string shown(const Json& v, int decimals, double factor = 1) {
  return v.is_number() ? shown_fixed(v.get<double>() * factor, decimals) : "-";
}

void add_rows(TextTable& table, const GridRow& row, std::size_t number) {
  std::vector<std::string> lead{std::to_string(number)};
  for (const std::string& setting : row.point.settings) lead.push_back(value_of(setting));
  if (!row.error.empty()) {
    lead.insert(lead.end(), {"failed", "-", "-", "-", "-", "-", "-", "-"});
    table.row(lead);
    return;
  }
  const Json result = Json::parse(row.result);
  for (const Json& a : result.at("metrics").at("accounts")) {
    std::vector<std::string> cells = lead;
    const auto asset = a.at("settle_asset").get<std::string>();
    cells.insert(cells.end(),
                 {asset, shown(a.at("net_pnl"), 4), shown(a.at("fees"), 4),
                  shown(a.at("sharpe"), 4), shown(a.at("max_drawdown"), 3, 100),
                  shown(a.at("win_rate"), 1, 100), shown_count(a.at("orders")),
                  shown_count(a.at("fills"))});
    table.row(cells);
  }
}

}  // namespace

std::string grid_json(const std::vector<GridRow>& rows) {
  Json j;
  j["runs"] = Json::array();
  std::int64_t failed = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const GridRow& row = rows[i];
    Json r{{"run", i + 1}, {"settings", settings_json(row.point)}};
    if (!row.folder.empty()) r["out"] = row.folder;
    r["error"] = row.error.empty() ? Json(nullptr) : Json(row.error);
    r["result"] = row.result.empty() ? Json(nullptr) : Json::parse(row.result);
    failed += row.error.empty() ? 0 : 1;
    j["runs"].push_back(std::move(r));
  }
  j["failed"] = failed;
  return j.dump(1);
}

std::string grid_text(const std::vector<GridRow>& rows) {
  if (rows.empty()) return "";
  std::vector<std::string> head{"run"};
  for (const std::string& setting : rows.front().point.settings) head.push_back(head_of(setting));
  head.insert(head.end(), {"account", "net", "fees", "Sharpe", "drawdown %", "wins %", "orders",
                           "fills"});
  TextTable table(head);
  std::string failures;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    add_rows(table, rows[i], i + 1);
    if (rows[i].error.empty()) continue;
    failures += "run " + std::to_string(i + 1) + " failed: " + rows[i].error + "\n";
  }
  return table.text() + failures;
}

}  // namespace pinstripe
