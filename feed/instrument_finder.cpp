#include "feed/instrument_finder.h"

#include <algorithm>

#include "feed/instrument_file.h"
#include "feed/instrument_table.h"

namespace pinstripe {
namespace {

/// Where beside the shipped tables was looked in vain.
std::string looked_at(std::span<const std::string> files) {
  if (files.empty()) {
    return "; beside the captures lies no '" + std::string(kInstrumentFileName) +
           "', which `pinstripe record` writes there: move captures together with it";
  }
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "'" : ", '") + file + "'";
  return "; " + list + " beside the captures " + (files.size() == 1 ? "does" : "do") +
         " not define it either";
}

}  // namespace

Result<void> InstrumentFinder::enter(const std::string& path) {
  file_ = instrument_file_beside(path);
  if (!given_.empty() || read_.contains(file_)) return {};
  auto read = read_instrument_file(file_);
  if (!read) return std::unexpected(read.error());
  for (const Instrument& i : *read) {
    const auto before = std::ranges::find(defined_, i.id, &Instrument::id);
    if (before == defined_.end()) {
      defined_.push_back(i);
      continue;
    }
    const std::string differs = definition_difference(*before, i);
    if (differs.empty()) continue;
    return fail_usage("'" + file_ + "' defines " + i.id + " otherwise than the captures' other "
                      "folders: " + differs + "; one session trades one definition, so give the "
                      "captures of one at a time");
  }
  if (!read->empty()) files_.push_back(file_);
  read_.emplace(file_, std::move(*read));
  return {};
}

Result<Instrument> InstrumentFinder::find(std::string_view venue, std::string_view symbol) const {
  if (const Instrument* const i = instrument_in(given_, venue, symbol)) return *i;
  const auto here = read_.find(file_);
  const bool is_here = here != read_.end() && !here->second.empty();
  if (is_here) {
    if (const Instrument* const i = instrument_in(here->second, venue, symbol)) return *i;
  }
  auto shipped = find_instrument(venue, symbol);
  if (shipped) return shipped;
  std::vector<std::string> files;
  if (is_here) files.push_back(file_);
  shipped.error().message += looked_at(files);
  return shipped;
}

Result<Instrument> find_defined(std::string_view id, std::span<const Instrument> defined,
                                std::span<const std::string> files) {
  const auto found = std::ranges::find(defined, id, &Instrument::id);
  if (found != defined.end()) return *found;
  auto shipped = find_instrument(id);
  if (!shipped) shipped.error().message += looked_at(files);
  return shipped;
}

}  // namespace pinstripe
