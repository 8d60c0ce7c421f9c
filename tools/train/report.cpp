// Evaluations as JSON for the model file and as text for people.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/train/evaluate.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

/// Six decimals: more would be noise, and the file stays readable.
double rounded(double v) { return std::round(v * 1e6) / 1e6 + 0.0; }

Json interval_json(const Interval& i) { return Json::array({rounded(i.low), rounded(i.high)}); }

template <class... Args>
void line(std::string& out, const char* format, Args... args) {
  char text[256];
  std::snprintf(text, sizeof text, format, args...);
  out += text;
  out += '\n';
}

void baselines_text(std::string& out, const Evaluation& e) {
  line(out, "  %-22s %9s %9s %9s", "", "log-loss", "AUC", "Brier");
  line(out, "  %-22s %9.5f %9.4f %9.5f", "model", e.log_loss, e.auc, e.brier);
  line(out, "  %-22s %9.5f %9.4f %9.5f", "class prior", e.prior_log_loss, 0.5, e.prior_brier);
  line(out, "  %-22s %9.5f %9.4f %9.5f", "touch imbalance alone", e.imbalance_log_loss,
       e.imbalance_auc, e.imbalance_brier);
  line(out,
       "  95 %% intervals (%lld blocks): AUC %.4f to %.4f; log-loss against prior %+.5f to %+.5f,",
       static_cast<long long>(e.interval.blocks), e.interval.auc.low, e.interval.auc.high,
       e.interval.against_prior.low, e.interval.against_prior.high);
  line(out, "  against imbalance %+.5f to %+.5f (below 0: the model is better)",
       e.interval.against_imbalance.low, e.interval.against_imbalance.high);
}

}  // namespace

std::string evaluation_json(const Evaluation& e) {
  Json j;
  j["beats_baseline"] = e.beats_baseline;
  j["rows"] = e.rows;
  j["moved_rows"] = e.moved;
  j["unchanged_share"] = rounded(e.unchanged_share);
  j["n_effective"] = rounded(e.n_effective);
  j["model"] = {{"log_loss", rounded(e.log_loss)}, {"auc", rounded(e.auc)},
                {"brier", rounded(e.brier)}, {"accuracy", rounded(e.accuracy)}};
  j["class_prior"] = {{"log_loss", rounded(e.prior_log_loss)}, {"auc", 0.5},
                      {"brier", rounded(e.prior_brier)}};
  j["touch_imbalance"] = {{"log_loss", rounded(e.imbalance_log_loss)},
                          {"auc", rounded(e.imbalance_auc)},
                          {"brier", rounded(e.imbalance_brier)}};
  j["bootstrap_95"] = {{"blocks", e.interval.blocks},
                       {"auc", interval_json(e.interval.auc)},
                       {"log_loss", interval_json(e.interval.log_loss)},
                       {"log_loss_minus_prior", interval_json(e.interval.against_prior)},
                       {"log_loss_minus_imbalance", interval_json(e.interval.against_imbalance)}};
  j["reliability"] = Json::array();
  for (const ReliabilityBin& b : e.bins) {
    j["reliability"].push_back({{"count", b.count},
                                {"mean_probability", rounded(b.mean_probability)},
                                {"share_up", rounded(b.share_up)}});
  }
  j["deciles"] = Json::array();
  for (const Decile& d : e.deciles) {
    j["deciles"].push_back({{"count", d.count}, {"mean_probability", rounded(d.mean_probability)},
                            {"mean_r_bps", rounded(d.mean_r_bps)}});
  }
  j["mean_abs_r_bps"] = rounded(e.mean_abs_r_bps);
  j["confident_share"] = rounded(e.confident_share);
  j["confident_gain_bps"] = rounded(e.confident_gain_bps);
  j["maker_round_trip_bps"] = rounded(e.maker_cost_bps);
  j["taker_round_trip_bps"] = rounded(e.taker_cost_bps);
  return j.dump();
}

std::string evaluation_text(const std::string& title, const Evaluation& e) {
  std::string out;
  line(out, "%s: %s", title.c_str(),
       e.beats_baseline ? "beats both baselines" : "does NOT beat both baselines");
  line(out,
       "  %lld rows after the embargo, %lld of them moved (%.1f %% unchanged), n_effective %.0f",
       static_cast<long long>(e.rows), static_cast<long long>(e.moved), 100 * e.unchanged_share,
       e.n_effective);
  if (e.moved == 0) return out + "  nothing to judge: no row moved\n";
  baselines_text(out, e);
  line(out, "  accuracy %.1f %% of the rows that moved (%.1f %% did not)", 100 * e.accuracy,
       100 * e.unchanged_share);
  out += "  reliability (mean p -> share up, rows):";
  for (const ReliabilityBin& b : e.bins) {
    char text[64];
    if (b.count == 0) continue;
    std::snprintf(text, sizeof text, "  %.2f->%.2f (%lld)", b.mean_probability, b.share_up,
                  static_cast<long long>(b.count));
    out += text;
  }
  out += "\n  mean r by decile of predicted edge, bps:";
  for (const Decile& d : e.deciles) {
    char text[32];
    std::snprintf(text, sizeof text, " %+.3f", d.mean_r_bps);
    out += text;
  }
  out += '\n';
  line(out, "  p beyond 0.5 +- 0.05 on %.1f %% of rows; the mid then moves %+.3f bps our way, "
            "before costs of %.1f (maker) or %.1f (taker) bps a round trip",
       100 * e.confident_share, e.confident_gain_bps, e.maker_cost_bps, e.taker_cost_bps);
  return out;
}

}  // namespace pinstripe
