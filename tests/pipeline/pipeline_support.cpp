#include "tests/pipeline/pipeline_support.h"

#include <zlib.h>

#include <fstream>

namespace pinstripe {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  gzFile in = gzopen(file.c_str(), "rb");  // reads plain text as it is
  if (in == nullptr) return lines;
  std::string line;
  char buffer[1 << 16];
  while (gzgets(in, buffer, sizeof(buffer)) != nullptr) {
    line += buffer;
    if (line.back() != '\n') continue;
    line.pop_back();
    lines.push_back(std::move(line));
    line.clear();
  }
  if (!line.empty()) lines.push_back(line);
  gzclose(in);
  return lines;
}

void write_lines(const std::string& file, const std::vector<std::string>& lines) {
  std::ofstream out(file, std::ios::binary);
  for (const std::string& line : lines) out << line << '\n';
}

bool is_trade(const std::string& line) {
  return line.find(R"("e":"trade")") != std::string::npos ||
         line.find(R"("e":"aggTrade")") != std::string::npos;
}

bool is_depth(const std::string& line) {
  return line.find(R"("e":"depthUpdate")") != std::string::npos;
}

std::int64_t receive_ns(const std::string& line) {
  std::string digits = line.substr(0, line.find(' '));
  digits.resize(19, '0');  // captures have micro- or nanoseconds since the epoch
  return std::stoll(digits);
}

std::string text_field(const std::string& line, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const std::size_t at = line.find(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

std::vector<OrderLine> read_orders(const std::string& file) {
  constexpr int kOpens = 4;  // kOrderOpens
  std::vector<OrderLine> orders;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    auto j = nlohmann::json::parse(line);
    j.erase("publish_ticks");
    j.erase("origin_ticks");
    OrderLine o;
    o.event_ns = j.at("event_ns");
    o.is_command = j.at("message") == "order_command";
    o.opens = o.is_command && j.at("kind") == "new" &&
              (j.at("order_flags").get<int>() & kOpens) != 0;
    o.text = j.dump();
    orders.push_back(std::move(o));
  }
  return orders;
}

void PipelineTest::SetUp() {
  CliTest::SetUp();
  fs::create_directories(folder_ / "cache");
}

CommandResult PipelineTest::up(const std::vector<std::string>& files,
                               const std::vector<std::string>& more) {
  std::vector<std::string> command{"up", kRecordedConfig, "--json"};
  command.insert(command.end(), more.begin(), more.end());
  command.push_back("--data");
  command.insert(command.end(), files.begin(), files.end());
  return run(command);
}

std::pair<std::string, std::int64_t> PipelineTest::kept_offset() const {
  for (const auto& entry : fs::directory_iterator(folder_ / "cache" / "pinstripe" / "clock")) {
    std::ifstream in(entry.path());
    const auto j = nlohmann::json::parse(in);
    return {entry.path().string(), j.at("clock_offsets").at(0).at("offset_ns")};
  }
  return {"", 0};
}

}  // namespace pinstripe
