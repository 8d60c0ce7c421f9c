#include "tools/journal/export.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "shm/msg/control.h"
#include "shm/msg/exec_report.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/market_event.h"
#include "shm/msg/order_command.h"
#include "shm/msg/signal.h"
#include "tools/journal/entry_text.h"
#include "tools/session/message_json.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

bool is_column(const FieldDesc& f) { return f.unit != "slot word" && f.name != "spare"; }

template <class T>
void add_number(std::string& out, const std::byte* at) {
  T value{};
  std::memcpy(&value, at, sizeof(value));
  char text[48];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  out.append(text, end.ptr);
}

void add_value(std::string& out, const FieldDesc& f, const std::byte* at) {
  switch (f.type) {
    case FieldType::kU8: {
      const auto name = enum_value_name(f.unit, static_cast<std::uint64_t>(*at));
      if (name.empty()) return add_number<std::uint8_t>(out, at);
      out += name;
      return;
    }
    case FieldType::kI8: return add_number<std::int8_t>(out, at);
    case FieldType::kU16: return add_number<std::uint16_t>(out, at);
    case FieldType::kI16: return add_number<std::int16_t>(out, at);
    case FieldType::kU32: return add_number<std::uint32_t>(out, at);
    case FieldType::kI32: return add_number<std::int32_t>(out, at);
    case FieldType::kU64: return add_number<std::uint64_t>(out, at);
    case FieldType::kI64: {
      std::uint64_t value = 0;
      std::memcpy(&value, at, sizeof(value));
      const auto name = enum_value_name(f.unit, value);
      if (name.empty()) return add_number<std::int64_t>(out, at);
      out += name;
      return;
    }
    case FieldType::kF32: return add_number<float>(out, at);
    case FieldType::kF64: return add_number<double>(out, at);
  }
}

}  // namespace

std::string csv_head(std::string_view ring_type, MsgType type) {
  std::string out = "stage,record,now_ns,ring,seq,side";
  for (const FieldDesc& f : shape_of_message(ring_type, type).fields) {
    if (!is_column(f)) continue;
    for (std::uint32_t i = 0; i < f.count; ++i) {
      out += "," + std::string(f.name);
      if (f.count > 1) out += "_" + std::to_string(i);
    }
  }
  return out;
}

std::string csv_fields(std::string_view ring_type, const void* message) {
  const auto* bytes = static_cast<const std::byte*>(message);
  const auto& h = *static_cast<const MsgHeader*>(message);
  std::string out = std::to_string(number_of(h)) + (h.has(kFlagSell) ? ",sell" : ",buy");
  for (const FieldDesc& f : shape_of_message(ring_type, h.type).fields) {
    if (!is_column(f)) continue;
    for (std::uint32_t i = 0; i < f.count; ++i) {
      out += ",";
      add_value(out, f, bytes + f.offset + i * size_of(f.type));
    }
  }
  return out;
}

Result<void> new_export_folder(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return fail_usage("'" + folder + "' is there and not empty; name a new folder with --out");
  }
  fs::create_directories(folder, error);
  if (error) return fail("cannot make '" + folder + "': " + error.message());
  return {};
}

namespace {

/// Ring types and message types, as `--type` takes them.
Result<void> check_type(const std::string& type) {
  std::vector<std::string> names{std::string(MarketEvent::kRingType),
                                 std::string(FeatureVector::kRingType),
                                 std::string(Signal::kRingType),
                                 std::string(OrderCommand::kRingType),
                                 std::string(ExecReport::kRingType),
                                 std::string(Control::kRingType)};
  for (unsigned i = 0; i < 256; ++i) {
    const std::string_view name = message_type_name(static_cast<MsgType>(i));
    if (!name.empty()) names.emplace_back(name);
  }
  if (type.empty() || std::ranges::find(names, type) != names.end()) return {};
  std::string all;
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return fail_usage("--type: found '" + type + "', allowed are " + all);
}

}  // namespace

Result<MessageExport> MessageExport::open(const ExportRequest& request) {
  if (auto known = check_type(request.type); !known) return std::unexpected(known.error());
  auto folder = new_export_folder(request.folder);
  if (!folder) return std::unexpected(std::move(folder.error()));
  return MessageExport(request);
}

Result<std::FILE*> MessageExport::file_of(std::string_view ring_type, MsgType type,
                                          const std::string& name) {
  File& file = files_[name];
  if (file) return file.get();
  const std::string path = request_.folder + "/" + name;
  file.reset(std::fopen(path.c_str(), "wbx"));
  if (!file) return fail("cannot make '" + path + "': " + std::strerror(errno));
  if (request_.csv) std::fprintf(file.get(), "%s\n", csv_head(ring_type, type).c_str());
  return file.get();
}

Result<void> MessageExport::add(const SessionPlan& plan, const std::string& stage,
                                const JournalEntry& entry) {
  const std::string_view ring_type = message_type_of(plan, entry);
  if (ring_type.empty()) return {};
  const MsgHeader& message = entry.message();
  std::string type(message_type_name(message.type));
  if (type.empty()) type = ring_type;
  if (!request_.type.empty() && request_.type != type && request_.type != ring_type) return {};
  const std::string name = type + (request_.csv ? ".csv" : ".ndjson");
  const auto file = file_of(ring_type, message.type, name);
  if (!file) return std::unexpected(file.error());
  const RingSpec* ring = ring_of(plan, entry);
  const std::string ring_name = ring == nullptr ? "" : ring->name;
  if (request_.csv) {
    std::fprintf(*file, "%s,%llu,%lld,%s,%s\n", stage.c_str(),
                 static_cast<unsigned long long>(entry.number),
                 static_cast<long long>(entry.now.value), ring_name.c_str(),
                 csv_fields(ring_type, &message).c_str());
  } else {
    std::fprintf(*file, R"({"stage":"%s","record":%llu,"now_ns":%lld,"ring":"%s","message":%s})"
                 "\n", stage.c_str(), static_cast<unsigned long long>(entry.number),
                 static_cast<long long>(entry.now.value), ring_name.c_str(),
                 message_json(ring_type, &message).c_str());
  }
  ++lines_[name];
  return {};
}

Result<void> MessageExport::close() {
  for (auto& [name, file] : files_) {
    std::FILE* open = file.release();
    const bool broken = std::ferror(open) != 0;
    if (std::fclose(open) != 0 || broken) {
      return fail("cannot write '" + request_.folder + "/" + name + "': " + std::strerror(errno) +
                  "; the export is not complete");
    }
  }
  return {};
}

}  // namespace pinstripe
