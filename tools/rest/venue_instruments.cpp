#include "tools/rest/venue_instruments.h"

#include <map>

#include <nlohmann/json.hpp>

#include "feed/instrument_table.h"
#include "feed/live/market_rules.h"
#include "shm/run/config_node.h"
#include "tools/rest/instrument_rows.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

/// How a venue lists its instruments: where they are asked for, and where they stand in the answer.
struct VenueList {
  std::string_view venue;
  const char* target;
  std::uint32_t weight;
  const char* symbol;
  void (*read)(const Json&, AnswerReader&, InstrumentRow&);
};

constexpr VenueList kLists[] = {
    {"BINANCE_SPOT", "/api/v3/exchangeInfo?showPermissionSets=false", 20, "symbol",
     read_binance_row},
    {"BINANCE_USDM", "/fapi/v1/exchangeInfo", 1, "symbol", read_binance_row},
    {"BYBIT", "/v5/market/instruments-info?category=spot", 1, "symbol", read_bybit_row},
    {"BYBIT_LINEAR", "/v5/market/instruments-info?category=linear&limit=1000", 1, "symbol",
     read_bybit_row},
    {"OKX", "/api/v5/public/instruments?instType=SPOT", 1, "instId", read_okx_row},
    {"OKX_SWAP", "/api/v5/public/instruments?instType=SWAP", 1, "instId", read_okx_row},
};
constexpr int kPagesMax = 50;

const VenueList* list_of(std::string_view venue) {
  for (const VenueList& l : kLists) {
    if (l.venue == venue) return &l;
  }
  return nullptr;
}

/// What an error names: the venue and the path that was asked.
std::string origin_of(const VenueList& list) { return std::string(list.venue) + " " + list.target; }

/// The list within an answer; Bybit wraps it in `result`.
Result<const Json*> rows_of(std::string_view venue, const Json& answer) {
  const bool is_bybit = venue.starts_with("BYBIT");
  AnswerReader whole(answer, "answer");
  const Json& holder = is_bybit ? whole.object("result") : answer;
  AnswerReader inside(holder, is_bybit ? "answer.result" : "answer");
  const Json& rows = inside.list(is_bybit                          ? "list"
                                 : venue.starts_with("BINANCE") ? "symbols"
                                                                : "data");
  if (!whole.problem().empty()) return refused_answer(whole.problem());
  if (!inside.problem().empty()) return refused_answer(inside.problem());
  return &rows;
}

std::string next_cursor(const Json& answer) {
  const auto result = answer.find("result");
  if (result == answer.end() || !result->is_object()) return {};
  const auto cursor = result->find("nextPageCursor");
  return cursor != result->end() && cursor->is_string() ? cursor->get<std::string>() : "";
}

/// Binance states its limits beside its symbols; they go over the table.
void observe_limits(VenueRest& rest, std::string_view venue, const Json& answer) {
  const auto limits = answer.find("rateLimits");
  if (limits == answer.end() || !limits->is_array()) return;
  for (const Json& l : *limits) {
    const bool is_weight = l.is_object() && l.value("rateLimitType", Json()) == "REQUEST_WEIGHT" &&
                           l.value("interval", Json()) == "MINUTE" &&
                           l.value("intervalNum", Json()) == 1;
    if (!is_weight || !l.contains("limit") || !l["limit"].is_number_unsigned()) continue;
    const auto limit = l["limit"].get<std::uint64_t>();
    if (limit > UINT32_MAX) continue;
    rest.observe_limit(venue, LimitKind::kRequests, 60 * kNsPerSecond,
                       static_cast<std::uint32_t>(limit));
  }
}

Result<std::vector<std::string>> fetch_answers(VenueRest& rest, const VenueList& list,
                                                       Priority priority) {
  std::vector<std::string> answers;
  std::string target = list.target;
  for (int page = 0; page < kPagesMax; ++page) {
    auto body = rest.get(list.venue, target, list.weight, priority);
    if (!body) return std::unexpected(body.error());
    answers.push_back(std::move(*body));
    const auto answer = parse_answer(answers.back(), origin_of(list));
    if (!answer) return std::unexpected(answer.error());
    if (!answer->is_object()) break;
    observe_limits(rest, list.venue, *answer);
    const std::string cursor = next_cursor(*answer);
    if (cursor.empty()) return answers;
    target = std::string(list.target) + "&cursor=" + cursor;
  }
  return answers;
}

/// What no public answer holds: the shipped record of this instrument, else of its venue.
Instrument defaults_of(std::string_view venue, std::string_view symbol) {
  const Instrument* best = nullptr;
  for (const Instrument& i : shipped_instruments()) {
    if (i.venue != venue) continue;
    if (best == nullptr || i.symbol == symbol) best = &i;
  }
  Instrument found = best != nullptr ? *best : Instrument{};
  found.venue = venue;
  found.symbol = symbol;
  found.id = found.venue + ":" + found.symbol;
  return found;
}

Result<InstrumentRow> read_row(const VenueList& list, const Json& row, const std::string& symbol) {
  InstrumentRow out;
  out.instrument = defaults_of(list.venue, symbol);
  AnswerReader r(row, out.instrument.id);
  list.read(row, r, out);
  if (r.problem().empty()) return out;
  Result<InstrumentRow> refused = refused_answer(r.problem());
  return fail_within(origin_of(list), refused);
}

/// A venue's list, by symbol. The rows lie in `answers`.
struct ListedRows {
  std::vector<Json> answers;
  std::map<std::string, const Json*> rows;
  std::size_t nameless = 0;  // rows whose symbol cannot be read
};

/// Beside what is not listed: it may be one of those. "" without any.
std::string nameless_text(const VenueList& list, std::size_t nameless) {
  if (nameless == 0) return "";
  return "; " + std::to_string(nameless) + " rows of " + origin_of(list) + " bear no readable " +
         list.symbol;
}

Result<ListedRows> list_rows(std::string_view venue, std::span<const std::string> answers) {
  const VenueList* const list = list_of(venue);
  if (list == nullptr) {
    return fail_usage("venue '" + std::string(venue) + "' cannot be asked for its instruments; "
                      "there are " + live_venue_names());
  }
  ListedRows listed;
  listed.answers.reserve(answers.size());
  for (const std::string& text : answers) {
    auto answer = parse_answer(text, origin_of(*list));
    if (!answer) return std::unexpected(answer.error());
    listed.answers.push_back(std::move(*answer));
    auto found = rows_of(venue, listed.answers.back());
    if (!found) return fail_within(origin_of(*list), found);
    for (const Json& row : **found) {
      AnswerReader r(row, "row");
      std::string name = r.text(list->symbol);
      if (!r.problem().empty()) {
        ++listed.nameless;
        continue;
      }
      listed.rows.emplace(std::move(name), &row);
    }
  }
  return listed;
}

std::unexpected<Error> unknown(const VenueList& list, const std::string& symbol,
                               const ListedRows& listed) {
  std::vector<std::string> names;
  for (const auto& [name, row] : listed.rows) names.push_back(name);
  const std::string near = nearest_name(symbol, names);
  const std::string venue(list.venue);
  return fail_usage("unknown instrument '" + venue + ":" + symbol + "'; " +
                    (near.empty() ? venue + " lists " + std::to_string(names.size()) +
                                        " others, none of them near"
                                  : "the nearest that " + venue + " lists is '" + venue + ":" +
                                        near + "'") +
                    nameless_text(list, listed.nameless));
}

}  // namespace

Result<std::vector<Instrument>> read_instruments(std::string_view venue,
                                                 std::span<const std::string> answers,
                                                 std::span<const std::string> symbols) {
  const auto listed = list_rows(venue, answers);
  if (!listed) return std::unexpected(listed.error());
  const VenueList& list = *list_of(venue);
  std::vector<Instrument> instruments;
  for (const std::string& symbol : symbols) {
    const auto found = listed->rows.find(symbol);
    if (found == listed->rows.end()) return unknown(list, symbol, *listed);
    auto one = read_row(list, *found->second, symbol);
    if (!one) return std::unexpected(one.error());
    if (!one->refusal.empty()) {
      return fail_usage("instrument '" + one->instrument.id + "' " + one->refusal +
                        "; take it out of `instruments`, or wait until the venue trades it");
    }
    instruments.push_back(std::move(one->instrument));
  }
  return instruments;
}

Result<std::vector<InstrumentStatus>> read_statuses(std::string_view venue,
                                                    std::span<const std::string> answers,
                                                    std::span<const std::string> symbols) {
  const auto listed = list_rows(venue, answers);
  if (!listed) return std::unexpected(listed.error());
  const VenueList& list = *list_of(venue);
  std::vector<InstrumentStatus> statuses;
  for (const std::string& symbol : symbols) {
    const auto found = listed->rows.find(symbol);
    InstrumentStatus& status = statuses.emplace_back();
    if (found == listed->rows.end()) {
      const std::string gone = "is not listed by " + std::string(venue) + " any more";
      const std::string hidden = nameless_text(list, listed->nameless);
      (hidden.empty() ? status.refusal : status.problem) = gone + hidden;
      continue;
    }
    auto row = read_row(list, *found->second, symbol);
    if (!row) {
      status.problem = row.error().message;
      continue;
    }
    status.refusal = std::move(row->refusal);
    if (status.refusal.empty()) status.record = std::move(row->instrument);
  }
  return statuses;
}

Result<std::vector<InstrumentStatus>> fetch_statuses(VenueRest& rest, const std::string& venue,
                                                     std::span<const std::string> symbols) {
  const VenueList* const list = list_of(venue);
  if (list == nullptr) return read_statuses(venue, {}, symbols);  // says so
  const auto answers = fetch_answers(rest, *list, Priority::kBackground);
  if (!answers) return std::unexpected(answers.error());
  return read_statuses(venue, *answers, symbols);
}

Result<std::vector<Instrument>> fetch_instruments(VenueRest& rest,
                                                  std::span<const std::string> ids) {
  std::map<std::string, std::vector<std::string>> wanted;  // symbols by venue
  for (const std::string& id : ids) {
    const std::size_t colon = id.find(':');
    const std::string venue = id.substr(0, colon);
    if (colon == std::string::npos || list_of(venue) == nullptr) {
      return fail_usage("instrument '" + id + "' must read VENUE:SYMBOL with a venue of " +
                        live_venue_names());
    }
    wanted[venue].push_back(id.substr(colon + 1));
  }
  std::map<std::string, Instrument> found;
  for (const auto& [venue, symbols] : wanted) {
    const auto answers = fetch_answers(rest, *list_of(venue), Priority::kResync);
    if (!answers) return std::unexpected(answers.error());
    auto read = read_instruments(venue, *answers, symbols);
    if (!read) return fail_within("instruments of " + venue, read);
    for (Instrument& i : *read) found.emplace(i.id, std::move(i));
  }
  std::vector<Instrument> in_order;
  for (const std::string& id : ids) in_order.push_back(found.at(id));
  return in_order;
}

}  // namespace pinstripe
