#include "tools/session/session_files.h"

#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "shm/base/hash.h"

namespace pinstripe {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

Result<std::string> read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return fail("cannot read '" + path + "': " + std::strerror(errno));
  return std::move(text).str();
}

Result<void> write_all(const std::string& path, const std::string& bytes) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  out.close();
  if (error || !out) return fail("cannot write '" + path + "'; is its file system full?");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  return {};
}

std::uint64_t digest_of(const std::string& bytes) {
  Hasher h;
  h.add(bytes.size());
  h.bytes(bytes.data(), bytes.size());
  return h.value();
}

std::string shown(std::uint64_t digest) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(digest));
  return text;
}

/// Copies one named file and puts the copy's relative name in its place.
class Copier {
 public:
  Copier(SessionPlan& plan, const std::string& directory) : plan_(plan), directory_(directory) {}

  Result<void> copy(const char* role, Json& path) {
    const std::string source = path;
    auto bytes = read_all(source);
    if (!bytes) return fail_within(std::string("cannot copy the ") + role + " file", bytes);
    SessionFile file{role, "", source, digest_of(*bytes)};
    file.name = std::string("inputs/") + role + "-" + std::to_string(count_++) + "-" +
                fs::path(source).filename().string();
    if (auto written = write_all(directory_ + "/" + file.name, *bytes); !written) return written;
    path = file.name;
    plan_.files.push_back(std::move(file));
    return {};
  }

 private:
  SessionPlan& plan_;
  const std::string& directory_;
  std::size_t count_ = 0;
};

Result<void> copy_models(SessionPlan& plan, const std::string& directory) {
  std::string& text = plan.stage_json[index_of(StageKind::kModels)];
  Json models = Json::parse(text);
  if (!models.contains("members")) return {};
  Copier copier(plan, directory);
  for (Json& member : models["members"]) {
    for (Json& fold : member["folds"]) {
      if (auto copied = copier.copy("model", fold); !copied) return copied;
    }
  }
  text = models.dump();
  return {};
}

Result<void> copy_tiers(SessionPlan& plan, const std::string& directory) {
  std::string& text = plan.stage_json[index_of(StageKind::kExec)];
  Json exec = Json::parse(text);
  if (!exec.contains("margin") || !exec["margin"].contains("tiers")) return {};
  if (auto copied = Copier(plan, directory).copy("tiers", exec["margin"]["tiers"]); !copied) {
    return copied;
  }
  text = exec.dump();
  return {};
}

Result<void> copy_rates(SessionPlan& plan, const std::string& directory) {
  std::string& text = plan.stage_json[index_of(StageKind::kExec)];
  Json exec = Json::parse(text);
  if (!exec.contains("funding")) return {};
  Copier copier(plan, directory);
  Json& funding = exec["funding"];
  if (funding.is_string()) {
    if (auto copied = copier.copy("rates", funding); !copied) return copied;
  } else {
    for (auto& [id, file] : funding.items()) {
      if (auto copied = copier.copy("rates", file); !copied) return copied;
    }
  }
  text = exec.dump();
  return {};
}

}  // namespace

std::string journal_root() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/pinstripe/journal";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/state/pinstripe/journal";
}

Result<void> draw_session_id(SessionPlan& plan) {
  const std::size_t bytes = sizeof(plan.session_id);
  if (::getrandom(plan.session_id.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
    return fail(std::string("cannot draw a session id: ") + std::strerror(errno));
  }
  return {};
}

std::string journal_directory_of(const SessionPlan& plan, std::int64_t now_ns) {
  const time_t seconds = now_ns / kNsPerSecond;
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
  return plan.journal.root + "/" + plan.name + "/" + stamp + "-" +
         session_id_text(plan).substr(0, 8);
}

Result<void> copy_inputs(SessionPlan& plan, const std::string& directory) {
  plan.files.clear();
  if (auto models = copy_models(plan, directory); !models) return models;
  if (auto tiers = copy_tiers(plan, directory); !tiers) return tiers;
  return copy_rates(plan, directory);
}

Result<void> copy_files(const SessionPlan& plan, const std::string& from, const std::string& to) {
  for (const SessionFile& f : plan.files) {
    auto bytes = read_all(from + "/" + f.name);
    if (!bytes) return std::unexpected(bytes.error());
    if (auto written = write_all(to + "/" + f.name, *bytes); !written) return written;
  }
  return {};
}

Result<void> verify_files(const SessionPlan& plan) {
  for (const SessionFile& f : plan.files) {
    const std::string path = plan.file_path(f.name);
    auto bytes = read_all(path);
    if (!bytes) return fail_within("the " + f.role + " file of this session is gone", bytes);
    const std::uint64_t found = digest_of(*bytes);
    if (found == f.digest) continue;
    return fail("the " + f.role + " file '" + path + "' was changed: its digest is " +
                shown(found) + ", expected " + shown(f.digest) + "; it was copied from '" +
                f.source + "' and must stay as it is");
  }
  return {};
}

}  // namespace pinstripe
