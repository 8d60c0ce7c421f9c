#include "feed/instrument_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "feed/instrument_table.h"
#include "shm/market/wide.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// "0.001": exact, without zeros at its end.
std::string decimal_of(std::int64_t e8) {
  const auto size = e8 < 0 ? -static_cast<std::uint64_t>(e8) : static_cast<std::uint64_t>(e8);
  std::string text = (e8 < 0 ? "-" : "") + std::to_string(size / 100'000'000);
  std::string places = std::to_string(100'000'000 + size % 100'000'000).substr(1);
  places.resize(places.find_last_not_of('0') + 1);
  return places.empty() ? text : text + "." + places;
}

/// A quantity in units of the base, at most what the range of 1e-8 holds: the largest quantity of
/// an order may be stated as more than that.
std::string quantity_of(const Instrument& i, QtyLots lots) {
  const Int128 most = INT64_MAX / i.lot_e8;
  return decimal_of(static_cast<std::int64_t>(std::min<Int128>(lots.value, most)) * i.lot_e8);
}

/// What a table says of all its instruments.
Json head_of(const Instrument& i) {
  Json head{{"venue", i.venue},
            {"market", kMarketNames[static_cast<std::size_t>(i.market)]},
            {"maker_fee", decimal_of(i.maker_fee_e8)},
            {"taker_fee", decimal_of(i.taker_fee_e8)},
            {"price_band_bps", i.price_band_bps},
            {"buy_fee_in_base", i.buy_fee_in_base}};
  if (i.tiers.empty()) return head;
  head["tiers"] = Json::array();
  for (const MarginTier& t : i.tiers) {
    head["tiers"].push_back({decimal_of(t.notional_cap_e8), decimal_of(t.maintenance_rate_e8),
                             decimal_of(t.deduction_e8)});
  }
  return head;
}

Json row_of(const Instrument& i) {
  return {{"symbol", i.symbol},
          {"base", i.base},
          {"quote", i.quote},
          {"settle", i.settle},
          {"tick", decimal_of(i.tick_e8)},
          {"lot", decimal_of(i.lot_e8)},
          {"order_step", quantity_of(i, QtyLots(i.order_step_lots))},
          {"qty_min", quantity_of(i, i.qty_min)},
          {"qty_max", quantity_of(i, i.qty_max)},
          {"multiplier", decimal_of(i.multiplier_e8)},
          {"notional_min", decimal_of(i.notional_min_e8)}};
}

/// Adds to `defined`, what the file at `path` holds, what it lacks; refuses what it says otherwise.
Result<void> merge(const std::string& path, std::span<const Instrument> added,
                   std::vector<Instrument>& defined) {
  for (const Instrument& i : added) {
    const auto same_id = std::ranges::find(defined, i.id, &Instrument::id);
    if (same_id == defined.end()) {
      defined.push_back(i);
      continue;
    }
    const std::string differs = definition_difference(*same_id, i);
    if (differs.empty()) continue;
    return fail("'" + path + "' defines " + i.id + " otherwise than it is now: " + differs +
                "; what lies beside it was recorded by its definition, so name another folder");
  }
  return {};
}

/// One process at a time may change the file in `folder`; ends with the object.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string new_path = path + ".new";
  std::ofstream out(new_path, std::ios::binary);
  out << text;
  out.close();
  if (out && std::rename(new_path.c_str(), path.c_str()) == 0) return {};
  const int why = errno;
  std::error_code ignored;
  fs::remove(new_path, ignored);
  return fail("cannot write '" + path + "', which the captures beside it need: " +
              std::strerror(why));
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::string instrument_file_beside(const std::string& path) {
  return (fs::path(path).parent_path() / kInstrumentFileName).string();
}

bool is_instrument_file(const std::string& path) {
  return fs::path(path).filename() == kInstrumentFileName;
}

Result<std::vector<Instrument>> read_instrument_file(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::vector<Instrument>{};
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return fail("cannot read '" + path + "', which defines the instruments beside it");
  auto all = read_instrument_table(text.str(), path);
  if (!all) return all;
  std::set<std::string> seen;
  for (const Instrument& i : *all) {
    if (seen.insert(i.id).second) continue;
    return fail_usage("instrument table '" + path + "' defines " + i.id + " twice");
  }
  return all;
}

std::string instrument_file_text(std::span<const Instrument> instruments) {
  std::vector<Json> heads;
  Json tables = Json::array();
  for (const Instrument& i : instruments) {
    const Json head = head_of(i);
    const auto at = std::ranges::find(heads, head);
    const auto index = static_cast<std::size_t>(at - heads.begin());
    if (at == heads.end()) {
      heads.push_back(head);
      tables.push_back(head);
      tables.back()["instruments"] = Json::array();
    }
    tables[index]["instruments"].push_back(row_of(i));
  }
  return Json{{"tables", tables}}.dump(1) + "\n";
}

std::string definition_difference(const Instrument& a, const Instrument& b) {
  Json left = head_of(a), right = head_of(b);
  left.update(row_of(a));
  right.update(row_of(b));
  for (Json* one : {&left, &right}) {
    if (!one->contains("tiers")) (*one)["tiers"] = Json::array();
  }
  const auto shown = [](const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  for (const auto& [key, value] : left.items()) {
    const Json& other = right.at(key);
    if (value != other) return key + " " + shown(value) + " and " + shown(other);
  }
  return "";
}

Result<void> check_instrument_file(const std::string& path, std::span<const Instrument> added) {
  auto defined = read_instrument_file(path);
  if (!defined) return std::unexpected(defined.error());
  return merge(path, added, *defined);
}

Result<void> add_to_instrument_file(const std::string& path, std::span<const Instrument> added) {
  const FolderLock lock(folder_of(path));
  auto defined = read_instrument_file(path);
  if (!defined) return std::unexpected(defined.error());
  const std::size_t before = defined->size();
  if (auto fits = merge(path, added, *defined); !fits) return fits;
  if (defined->size() == before) return {};
  return replace_file(path, instrument_file_text(*defined));
}

}  // namespace pinstripe
