// Whole-pipeline tests over recorded data: captures as text, altered copies, orders files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/captures.h"
#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {

inline constexpr const char* kRecordedConfig = "tools/configs/recorded.json";

/// Lines of a gz or plain text file, without their newlines.
std::vector<std::string> lines_of(const std::string& file);
void write_lines(const std::string& file, const std::vector<std::string>& lines);
bool is_trade(const std::string& line);
bool is_depth(const std::string& line);
/// The receive time at the line's start, nanoseconds of the recorder's clock.
std::int64_t receive_ns(const std::string& line);
/// The raw text of `"key":"..."` in a frame; empty where it is absent.
std::string text_field(const std::string& line, const std::string& key);

/// A line of an `--orders` file, without what is no decision (the publishing process's clock).
struct OrderLine {
  std::int64_t event_ns = 0;
  bool is_command = false;
  bool opens = false;     // risk's own verdict: may grow the position
  std::string text;
};
std::vector<OrderLine> read_orders(const std::string& file);

class PipelineTest : public CliTest {
 protected:
  void SetUp() override;
  /// `up recorded.json --data files... --json more...`.
  CommandResult up(const std::vector<std::string>& files,
                   const std::vector<std::string>& more = {});
  /// The one clock offset that the last `up` of one capture kept in the cache: file and value.
  std::pair<std::string, std::int64_t> kept_offset() const;
};

}  // namespace pinstripe
