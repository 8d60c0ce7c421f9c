// Each bench, tiny: it ends well and its JSON has the keys that scripts read, as plausible numbers.
// What a figure is worth on this machine is no matter of a test.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class BenchTest : public CliTest {
 protected:
  /// What `pinstripe bench NAME --quick --json MORE...` prints.
  nlohmann::json bench(const std::string& name, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{"bench", name, "--quick", "--json"};
    command.insert(command.end(), more.begin(), more.end());
    const CommandResult r = run(command);
    EXPECT_EQ(r.exit, 0) << name << ": " << r.err;
    const auto json = nlohmann::json::parse(r.out, nullptr, false);
    EXPECT_TRUE(json.is_object()) << name << " printed: " << r.out;
    return json;
  }

  /// Every one of `paths` ("/peers/line_stream/lines_per_s") is a number above zero.
  static void expect_positive(const nlohmann::json& j, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const nlohmann::json::json_pointer key(path);
      ASSERT_TRUE(j.contains(key)) << path << " is missing in " << j.dump();
      EXPECT_TRUE(j.at(key).is_number() && j.at(key).get<double>() > 0) << path << " in " << j.dump();
    }
  }
};

TEST_F(BenchTest, each_bench_answers_a_wrong_option_as_json_where_json_is_asked_for) {
  for (const char* name : {"ring", "trees", "decode", "features", "pipeline", "backtest", "journal",
                           "recovery", "wire"}) {
    const CommandResult r = run({"bench", name, "--nonsense", "--json"});
    EXPECT_EQ(r.exit, 2) << name;
    const auto json = nlohmann::json::parse(r.out, nullptr, false);
    ASSERT_TRUE(json.is_object()) << name << " printed: " << r.out;
    const std::string error = json.value("error", "");
    EXPECT_NE(error.find("--nonsense"), std::string::npos) << name << ": " << error;
    EXPECT_NE(error.find(std::string("bench ") + name + " --help"), std::string::npos) << error;
    const CommandResult plain = run({"bench", name, "--nonsense"});
    EXPECT_EQ(plain.exit, 2) << name;
    EXPECT_EQ(plain.out, "") << name;
    EXPECT_NE(plain.err.find("--nonsense"), std::string::npos) << name << ": " << plain.err;
    EXPECT_EQ(run({"bench", name, "--help"}).exit, 0) << name;
  }
}

TEST_F(BenchTest, the_ring_bench_gives_ring_and_peers) {
  const auto j = bench("ring");
  expect_positive(j, {"/one_way_ns/p50", "/one_way_ns/p99", "/line_transfer_ns/p50",
                      "/line_walk_ns/p50", "/line_walk_ns/p99", "/one_way_ratio",
                      "/one_way_over_walk_ratio", "/throughput_msgs_per_s", "/throughput_ratio",
                      "/peers/boost_lockfree_spsc/throughput_msgs_per_s",
                      "/peers/line_stream/lines_per_s", "/throughput_over_stream_ratio",
                      "/tap/p50_ratio", "/tap/p99_ratio"});
}

TEST_F(BenchTest, the_ring_bench_compares_with_the_better_of_the_two_forms_of_boost) {
  const auto j = bench("ring");
  const auto& boost = j.at("peers").at("boost_lockfree_spsc");
  const double best = boost.at("throughput_msgs_per_s");
  EXPECT_EQ(best, std::max(boost.at("with_pause_msgs_per_s").get<double>(),
                           boost.at("without_pause_msgs_per_s").get<double>()));
  EXPECT_DOUBLE_EQ(j.at("throughput_ratio"), j.at("throughput_msgs_per_s").get<double>() / best);
}

TEST_F(BenchTest, the_backtest_bench_gives_both_rates_and_level_changes) {
  const auto j = bench("backtest");
  expect_positive(j, {"/full_events_per_s", "/book_events_per_s", "/full/level_changes_per_s",
                      "/book/level_changes_per_s", "/full/wall_events_per_s"});
  EXPECT_EQ(j.at("full").at("events"), j.at("book").at("events"));
}

TEST_F(BenchTest, the_trees_bench_finds_margins_equal_in_every_bit) {
  const auto j = bench("trees");
  expect_positive(j, {"/native_ns/p50", "/xgboost_ns/p50", "/native_plain_ns/p50"});
  EXPECT_EQ(j.at("max_abs_margin_difference"), 0.0);
  EXPECT_EQ(j.at("bit_equal"), true);
}

TEST_F(BenchTest, the_decode_and_features_benches_give_their_figures) {
  expect_positive(bench("decode"), {"/decode_ns_per_msg", "/simdjson_ns_per_msg", "/ratio"});
  EXPECT_TRUE(bench("decode").contains("book_ns_per_msg"));
  expect_positive(bench("features"), {"/features_ns_per_venue_message/p50"});
}

TEST_F(BenchTest, the_wire_bench_gives_our_client_beside_both_forms_of_boost_beast) {
  const auto j = bench("wire");
  expect_positive(j, {"/wire_to_ring_ns/p50", "/wire_to_ring_ns/p99", "/bare_tcp_ns/p50",
                      "/peers/boost_beast_polling/wire_to_ring_ns/p50",
                      "/peers/boost_beast_polling/wire_to_ring_ns/p99",
                      "/peers/boost_beast_blocking/wire_to_ring_ns/p50",
                      "/peers/boost_beast_blocking/wire_to_ring_ns/p99"});
  const auto& polling = j.at("peers").at("boost_beast_polling").at("wire_to_ring_ns");
  EXPECT_DOUBLE_EQ(j.at("polling_p50_ratio"), j.at("wire_to_ring_ns").at("p50").get<double>() /
                                                  polling.at("p50").get<double>());
}

TEST_F(BenchTest, the_wire_bench_at_full_speed_loses_nothing) {
  const auto j = bench("wire", {"--speed", "max"});
  expect_positive(j, {"/frames_per_s", "/peers/boost_beast_polling/frames_per_s",
                      "/wire_to_ring_ns/p50", "/peers/boost_beast_blocking/wire_to_ring_ns/p99"});
  EXPECT_EQ(j.at("lost"), 0);
}

TEST_F(BenchTest, the_wire_to_order_bench_traces_orders_back_to_the_frames_of_the_venue) {
  const auto j = bench("wire-to-order");
  expect_positive(j, {"/wire_to_order_ns/p50", "/wire_to_order_ns/p99", "/parts_ns/wire/p50",
                      "/parts_ns/exec/p50", "/frames_per_s", "/orders_matched",
                      "/machine_stalls/max_us"});
  EXPECT_EQ(j.at("orders").get<int>(), j.at("orders_matched").get<int>() +
                                           j.at("orders_of_time").get<int>() +
                                           j.at("orders_of_other_frames").get<int>());
  EXPECT_GT(j.at("frames_matched").get<int>() * 10, j.at("frames").get<int>() * 9)
      << "frames are those that the venue stamped, but for a few snapshots";
  EXPECT_GT(j.at("orders_matched").get<int>() * 10, j.at("orders").get<int>() * 9)
      << "every signal of this market follows from a frame";
  EXPECT_EQ(j.at("sent_beyond_file"), 0);
  for (const auto& [name, part] : j.at("parts_ns").items()) {
    EXPECT_LE(part.at("p50").get<double>(), j.at("wire_to_order_ns").at("max").get<double>())
        << name;
  }
}

TEST_F(BenchTest, the_journal_bench_gives_what_a_record_and_what_a_session_costs) {
  const auto j = bench("journal");
  expect_positive(j, {"/append_market_event/p50", "/carried_vector/p50", "/stages/risk/on_ns",
                      "/stages/features/off_ns"});
  EXPECT_TRUE(j.at("added_ns").at("p50").is_number());
  EXPECT_GE(j.at("hot_path_faults"), 0);
}

TEST_F(BenchTest, the_recovery_bench_gives_the_parts_of_a_rejoin_for_each_stage) {
  const auto j = bench("recovery");
  expect_positive(j, {"/events", "/detect_ms", "/rejoin_ms"});
  ASSERT_EQ(j.at("stages").size(), 5u);
  for (const auto& stage : j.at("stages")) {
    EXPECT_GE(stage.at("rejoin_ms").get<double>(),
              stage.at("load_ms").get<double>() + stage.at("replay_ms").get<double>())
        << stage;
  }
}

TEST_F(BenchTest, the_pipeline_bench_gives_latencies_and_what_the_machine_takes_away) {
  const auto j = bench("pipeline");
  expect_positive(j, {"/tick_to_order_ns/p50", "/tick_to_order_ns/p99", "/tick_to_order_ns/p999",
                      "/tick_to_order_ns/max", "/events_per_s", "/machine_stalls/max_us"});
  EXPECT_EQ(j.at("lost"), 0);
  expect_positive(j, {"/journal_on/tick_to_order_ns/p50", "/journal_on/events_per_s"});
  EXPECT_EQ(j.at("journal_on").at("orders_digest"), j.at("orders_digest"));
  const auto& stalls = j.at("machine_stalls");
  EXPECT_LE(stalls.at("over_1ms_percent").get<double>(),
            stalls.at("over_100us_percent").get<double>());
  EXPECT_LE(stalls.at("over_100us_percent").get<double>(), 100.0);
}

TEST_F(BenchTest, the_pipeline_bench_at_full_speed_has_no_latency) {
  const auto j = bench("pipeline", {"--speed", "max"});
  EXPECT_TRUE(j.at("tick_to_order_ns").is_null());
  expect_positive(j, {"/events_per_s"});
  EXPECT_EQ(j.at("lost"), 0);
}

}  // namespace
}  // namespace pinstripe
