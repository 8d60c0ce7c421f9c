// `pinstripe venue`: the simulated exchange until Ctrl-C or the end of --for.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "tools/venue/server.h"
#include "tools/venue/simulated_exchange.h"
#include "tools/venue/venue_config.h"

namespace pinstripe::venue {
namespace {

struct MainOptions {
  std::string config;
  std::string ca_file;      // "": the config's
  std::string port_file;    // "": none
  std::string stamps_file;  // "": none
  int port = -1;            // -1: the config's
  std::int64_t for_ms = 0;  // 0: until Ctrl-C
  bool json = false;
};

Exit report(const Error& error, bool json) {
  std::fprintf(stderr, "pinstripe venue: %s\n", error.message.c_str());
  if (json) std::puts(Json{{"error", error.message}}.dump().c_str());
  return error.exit;
}

Result<void> write_ca(const std::string& file, const std::string& pem) {
  std::error_code ignored;
  const auto folder = std::filesystem::path(file).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::ofstream out(file, std::ios::trunc);
  out << pem << std::flush;
  if (out) return {};
  return fail("cannot write the authority's certificate to '" + file +
              "'; name a file in a folder that can be written, with ca_file or --ca");
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Json ready_facts(const VenueConfig& config, std::uint16_t port) {
  const std::string ca = std::filesystem::absolute(config.ca_file).lexically_normal().string();
  return {{"port", port}, {"ca", ca}, {"address", config.address},
          {"listings", config.listings.size()}};
}

/// Whole or not at all: who waits for the file never reads half of it.
Result<void> write_port_file(const std::string& file, const Json& facts) {
  const std::string fresh = file + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << facts.dump() << '\n' << std::flush;
  std::error_code e;
  if (out) std::filesystem::rename(fresh, file, e);
  if (out && !e) return {};
  return fail("cannot write the port file '" + file +
              "'; name a file in a folder that exists and can be written, with --port-file");
}

void announce(const VenueConfig& config, const Json& facts, bool json) {
  if (json) {
    std::puts(facts.dump().c_str());
  } else {
    std::printf("serving %zu books on https://%s:%u; clients trust %s\n", config.listings.size(),
                config.address.c_str(), facts["port"].get<unsigned>(),
                facts["ca"].get<std::string>().c_str());
  }
  std::fflush(stdout);
}

Exit serve(const MainOptions& options) {
  auto config = load_venue_config(options.config);
  if (!config) return report(config.error(), options.json);
  if (!options.ca_file.empty()) config->ca_file = options.ca_file;
  if (options.port >= 0) config->port = static_cast<std::uint16_t>(options.port);
  auto authority = make_authority(config->leaf);
  if (!authority) return report(authority.error(), options.json);
  SimulatedExchange exchange(*config, now_ms());
  SendStamps stamps;  // outlives the server, which writes into it
  VenueServer server;
  exchange.on_streams([&](const std::string& protocol, StreamFate fate) {
    server.each_stream(protocol, fate);
  });
  ServerSetup setup;
  setup.address = config->address;
  setup.port = config->port;
  setup.tick_ms = config->tick_ms;
  setup.authority = std::move(*authority);
  setup.clock = now_ms;
  setup.protocols = exchange.protocols();
  setup.faults = &exchange.faults();
  setup.stamps = &stamps;
  setup.control = [&](const HttpAsk& ask) { return exchange.control(ask, now_ms()); };
  setup.tick = [&](std::int64_t now) { exchange.tick(now); };
  if (!options.stamps_file.empty()) {
    if (auto made = stamps.create(options.stamps_file); !made) {
      return report(made.error(), options.json);
    }
  }
  const std::string ca_pem = setup.authority.ca_pem;
  if (auto up = server.listen(std::move(setup)); !up) return report(up.error(), options.json);
  if (auto kept = write_ca(config->ca_file, ca_pem); !kept) {
    return report(kept.error(), options.json);
  }
  const Json facts = ready_facts(*config, server.port());
  if (!options.port_file.empty()) {
    if (auto kept = write_port_file(options.port_file, facts); !kept) {
      return report(kept.error(), options.json);
    }
  }
  announce(*config, facts, options.json);
  server.run(options.for_ms);
  return Exit::kDone;
}

int run_main(int argc, char** argv) {
  CLI::App app{"A simulated exchange on loopback TLS: Binance, Bybit and OKX, public side"};
  MainOptions o;
  app.add_option("--config", o.config, "venue config (JSON, comments allowed)")->required();
  app.add_option("--port", o.port, "over the config's; 0: one that is free")
      ->check(CLI::Range(0, 65'535));
  app.add_option("--ca", o.ca_file, "write the authority's certificate here, over the config's");
  app.add_option("--port-file", o.port_file,
                 "write {\"port\", \"ca\", ...} here once ready, for scripts");
  app.add_option("--stamps", o.stamps_file,
                 "keep here when each stream message left, for pinstripe bench wire-to-order");
  const std::map<std::string, std::int64_t> units{
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
  app.add_option("--for", o.for_ms, "serve so long: 500ms, 60s, 5m; default: until Ctrl-C")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->check(CLI::PositiveNumber);
  app.add_flag("--json", o.json, "{\"port\", \"ca\", ...} on standard output once ready");
  app.footer("Example:\n  pinstripe venue --config tools/configs/venue.json");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(Exit::kUsage);
  }
  return static_cast<int>(serve(o));
}

}  // namespace
}  // namespace pinstripe::venue

int main(int argc, char** argv) { return pinstripe::venue::run_main(argc, argv); }
