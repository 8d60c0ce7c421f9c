// A comparison as JSON for scripts and as tables for people.
#include <nlohmann/json.hpp>

#include "tools/backtest/compare.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

/// What is shown of one settle asset, in order: A, the parts, the rest, B.
struct Row {
  const char* key;   // in JSON
  const char* name;  // for people
  std::int64_t e8;
};

std::int64_t of(const Profits& profits, const std::string& asset) {
  const auto found = profits.find(asset);
  return found == profits.end() ? 0 : found->second;
}

std::vector<Row> rows_of(const RunComparison& c, const std::string& asset) {
  static constexpr std::array<const char*, kPlanParts> kNames{
      "latency", "queue and fills", "fees and funding", "data missed or added",
      "what decides (config)"};
  std::vector<Row> rows{{"a", "A", of(c.a.profits, asset)}};
  if (c.split) {
    for (std::size_t k = 0; k < kPlanParts; ++k) {
      rows.push_back({kPlanPartNames[k], kNames[k], of(c.split->parts[k], asset)});
    }
    rows.push_back({"rest", "not reproduced", of(c.split->rest, asset)});
  }
  rows.push_back({"b", "B", of(c.b.profits, asset)});
  return rows;
}

std::vector<std::string> assets_of(const RunComparison& c) {
  std::vector<std::string> assets;
  for (const auto& [asset, e8] : profit_difference(c.a.profits, c.b.profits)) {
    assets.push_back(asset);
  }
  return assets;
}

Json run_json(const RunRecord& run, std::int64_t decisions) {
  Json j{{"path", run.path}, {"session", run.plan.name}, {"decisions", decisions}};
  j["events"] = run.seen ? Json(run.seen->events) : Json(nullptr);
  j["gaps"] = run.seen ? Json(run.seen->gaps) : Json(nullptr);
  j["bad_lines"] = run.seen ? Json(run.seen->bad_lines) : Json(nullptr);
  j["note"] = run.note.empty() ? Json(nullptr) : Json(run.note);
  return j;
}

Json decision_json(const std::optional<Decision>& d) {
  if (!d) return nullptr;
  return {{"instrument", d->instrument}, {"origin_ns", d->origin_ns}, {"sent_ns", d->sent_ns},
          {"kind", d->kind}, {"line", decision_line(*d)}};
}

std::string run_line(const char* letter, const RunRecord& run, std::int64_t decisions) {
  std::string line = std::string(letter) + "  " + run.path + "\n   session " + run.plan.name +
                     ", " + shown_count(decisions) + " decisions";
  if (run.seen) {
    line += ", " + shown_count(run.seen->events) + " events, " + shown_count(run.seen->gaps) +
            " gaps, " + shown_count(run.seen->bad_lines) + " bad lines";
  }
  if (!run.note.empty()) line += "\n   " + run.note;
  return line + "\n";
}

std::string first_text(const DecisionsDifference& d) {
  if (!d.first) return "they decide the same\n";
  const auto line = [](const std::optional<Decision>& x) {
    return x ? decision_line(*x) : std::string("nothing");
  };
  return "first difference\n  A  " + line(d.first->a) + "\n  B  " + line(d.first->b) + "\n";
}

}  // namespace

std::string comparison_json(const RunComparison& c) {
  const DecisionsDifference& d = c.decisions;
  Json j;
  j["a"] = run_json(c.a, d.a);
  j["b"] = run_json(c.b, d.b);
  j["decisions"] = {{"same", d.same},       {"later", d.later},   {"changed", d.changed},
                    {"only_a", d.only_a}, {"only_b", d.only_b}};
  j["first_difference"] = nullptr;
  if (d.first) {
    j["first_difference"] = {{"a", decision_json(d.first->a)}, {"b", decision_json(d.first->b)}};
  }
  j["profit"] = Json::array();
  for (const std::string& asset : assets_of(c)) {
    Json p{{"settle_asset", asset}}, exact;
    for (const Row& row : rows_of(c, asset)) {
      p[row.key] = static_cast<double>(row.e8) / 1e8;
      exact[row.key] = row.e8;
    }
    const std::int64_t gap = of(c.b.profits, asset) - of(c.a.profits, asset);
    p["gap"] = static_cast<double>(gap) / 1e8;
    exact["gap"] = gap;
    p["e8"] = exact;
    j["profit"].push_back(std::move(p));
  }
  j["split_reason"] = c.split ? Json(nullptr) : Json(c.split_reason);
  return j.dump(1);
}

std::string comparison_text(const RunComparison& c) {
  const DecisionsDifference& d = c.decisions;
  std::string out = run_line("A", c.a, d.a) + run_line("B", c.b, d.b) + "\n";
  TextTable counts({"the same", "of them at another time", "changed", "only in A", "only in B"});
  counts.row({shown_count(d.same), shown_count(d.later), shown_count(d.changed),
              shown_count(d.only_a), shown_count(d.only_b)});
  out += counts.text() + first_text(d);
  for (const std::string& asset : assets_of(c)) {
    TextTable table({"net profit", asset});
    for (const Row& row : rows_of(c, asset)) {
      const bool share = row.key != std::string_view("a") && row.key != std::string_view("b");
      table.row({(share ? "  " : "") + std::string(row.name), shown_e8(row.e8)});
    }
    out += "\n" + table.text();
  }
  if (!c.split) out += "the gap is not split: " + c.split_reason + "\n";
  return out;
}

}  // namespace pinstripe
