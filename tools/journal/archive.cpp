#include "tools/journal/archive.h"

#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include <nlohmann/json.hpp>

#include "tools/journal/file_bytes.h"
#include "tools/journal/new_file.h"
#include "tools/journal/record_file.h"

namespace pinstripe {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// Fast: an archive is written while the user waits for the end of the session.
constexpr int kLevel = 1;
constexpr const char* kEndedName = "/ended.json";

Result<void> compress(const std::string& from, NewFile& to) {
  auto bytes = FileBytes::open(from);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                        ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::vector<std::byte> in(ZSTD_CStreamInSize() * 4), out(ZSTD_CStreamOutSize());
  for (bool last = false; !last;) {
    const auto n = (*bytes)->read(in.data(), in.size());
    if (!n) return std::unexpected(n.error());
    last = *n == 0;
    ZSTD_inBuffer source{in.data(), *n, 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer target{out.data(), out.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context.get(), &target, &source,
                                                    last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) {
        return fail("cannot compress '" + from + "': " + ZSTD_getErrorName(left));
      }
      if (auto written = to.write(out.data(), target.pos); !written) return written;
      done = last ? left == 0 : source.pos == source.size;
    }
  }
  return to.sync();
}

/// The bytes of `archive` (zst, whatever its name) and of `file` are the same.
Result<void> compare(const std::string& file, const std::string& archive) {
  auto plain = FileBytes::open(file);
  auto packed = FileBytes::open_archive(archive);
  if (!plain) return std::unexpected(std::move(plain.error()));
  if (!packed) return std::unexpected(std::move(packed.error()));
  std::vector<std::byte> a(std::size_t{1} << 18), b(a.size());
  for (;;) {
    const auto n = (*plain)->read(a.data(), a.size());
    if (!n) return std::unexpected(n.error());
    std::size_t got = 0;
    while (got < b.size()) {
      const auto m = (*packed)->read(b.data() + got, b.size() - got);
      if (!m) return std::unexpected(m.error());
      if (*m == 0) break;
      got += *m;
    }
    if (got != *n || std::memcmp(a.data(), b.data(), got) != 0) {
      return fail("'" + archive + "' does not unpack to '" + file + "'; the file is kept");
    }
    if (got == 0) return {};
  }
}

Result<void> archive_file(const std::string& path) {
  NewFile archive(path + ".zst");
  if (auto made = compress(path, archive); !made) return made;
  if (auto same = compare(path, archive.new_path()); !same) return same;
  if (auto kept = archive.keep(); !kept) return kept;
  if (::unlink(path.c_str()) != 0) {
    return fail("cannot remove '" + path + "': " + std::strerror(errno));
  }
  return {};
}

}  // namespace

Result<void> archive_stage(const std::string& stage_dir) {
  const auto files = list_journal_files(stage_dir);
  if (!files) return std::unexpected(files.error());
  for (const JournalFileName& file : *files) {
    if (file.archive) continue;
    if (auto done = archive_file(file.path); !done) return done;
  }
  return {};
}

Result<void> write_ended(const std::string& journal, const std::vector<EndedStage>& stages) {
  Json list = Json::array();
  for (const EndedStage& s : stages) {
    list.push_back({{"stage", s.name}, {"records", s.records}, {"chain", s.chain}});
  }
  const std::string text = Json{{"stages", list}}.dump(1) + "\n";
  NewFile file(journal + kEndedName);
  if (auto written = file.write(text.data(), text.size()); !written) return written;
  if (auto synced = file.sync(); !synced) return synced;
  return file.keep();
}

Result<std::vector<EndedStage>> read_ended(const std::string& journal) {
  std::vector<EndedStage> stages;
  const std::string path = journal + kEndedName;
  if (!fs::exists(path)) return stages;
  try {
    std::ifstream in(path);
    const Json file = Json::parse(in);
    for (const Json& s : file.at("stages")) {
      stages.push_back({s.at("stage"), s.at("records"), s.at("chain")});
    }
  } catch (const std::exception& e) {
    return fail("cannot read '" + path + "': " + e.what() +
                "; it was edited: restore it from a copy, or remove it (then it is not known where "
                "the journal ended)");
  }
  return stages;
}

}  // namespace pinstripe
