// A simulated exchange of its own for each test, and what tests of REST do with it.
#pragma once

#include <zlib.h>

#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "tests/support/plain_client.h"
#include "tests/tools/cli_support.h"
#include "tools/rest/venue_rest.h"

namespace pinstripe {

/// Sessions, limits and caches of their own come from CliTest.
class VenueTest : public CliTest {
 protected:
  /// Starts it; `more` are further keys of its config, each with a comma behind it.
  void start_venue(const std::string& more = R"("history_s": 120, )") {
    const std::string text = "{" + more + R"("assets": [
        {"base": "BTC", "price": "60000", "tick": "0.1", "lot": "0.001", "rate_per_s": 5},
        {"base": "ETH", "price": "3000", "tick": "0.01", "lot": "0.01", "rate_per_s": 5}]})";
    ca_ = (folder_ / "ca.pem").string();
    venue_ = start({bin_ + "/pinstripe-venue", "--config", config(text, "venue"), "--port", "0",
                    "--ca", ca_, "--json"});
    std::string line;
    for (int i = 0; i < 6'000 && line.empty() && !has_ended(venue_); ++i) {
      usleep(10'000);
      std::getline(std::ifstream(venue_.out_file), line);
    }
    ASSERT_NE(line.find("\"port\""), std::string::npos) << "the exchange does not get ready";
    const int port = nlohmann::json::parse(line).at("port").get<int>();
    target_.address = "127.0.0.1:" + std::to_string(port);
    target_.ca_file = ca_;
  }
  /// {"fault": ..., ...}, by its control.
  std::string fault(const std::string& json) {
    return control().ask("POST", "/venue/fault", json).body;
  }
  PlainClient control() const { return {target_.address, target_.ca_file}; }
  VenueRest rest(const VenueRest::Options& options) {
    auto opened = VenueRest::open(target_, options);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    return std::move(*opened);
  }
  VenueRest rest() { return rest(VenueRest::Options{}); }

  StartedCommand venue_;
  RestTarget target_;
  std::string ca_;
};

/// Text of a file, gz or plain.
inline std::string unpacked(const std::string& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  char block[1 << 16];
  for (int n = 0; (n = gzread(file, block, sizeof(block))) > 0;) text.append(block, block + n);
  gzclose(file);
  return text;
}

}  // namespace pinstripe
