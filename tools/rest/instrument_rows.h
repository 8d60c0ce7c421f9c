// One instrument out of a venue's list: the part that each venue writes in its own way. Each reads
// what the venue states into `i`, which bears the shipped defaults of the venue, and complains by
// field name.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "shm/market/instrument.h"
#include "tools/rest/answer_reader.h"

namespace pinstripe {

/// "" where the instrument trades and is of a kind that its market takes, else what it is.
struct InstrumentRow {
  Instrument instrument;
  std::string refusal;
};

void read_binance_row(const nlohmann::json& row, AnswerReader& r, InstrumentRow& out);
void read_bybit_row(const nlohmann::json& row, AnswerReader& r, InstrumentRow& out);
void read_okx_row(const nlohmann::json& row, AnswerReader& r, InstrumentRow& out);

/// Quantities of an order in whole lots: `min` up to the next step, `max` down. All in 1e-8, as is
/// `step` of the orders; the instrument's lot and order step are set.
void set_quantities(Instrument& i, AnswerReader& r, const char* key, std::int64_t min_e8,
                    std::int64_t max_e8);

}  // namespace pinstripe
