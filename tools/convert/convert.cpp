#include "tools/convert/convert.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

#include "feed/binary_info.h"
#include "feed/instrument_file.h"
#include "feed/line_reader.h"
#include "tools/convert/capture_text.h"
#include "tools/convert/capture_writer.h"
#include "tools/convert/frame_encoder.h"
#include "tools/convert/same_stage.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

// Lines may be MiB long (snapshots): a block of many of them ends early.
constexpr std::uint64_t kBlockText = 16u << 20;

/// Reads the next `bytes` of the file as they are.
Result<void> end_block(InflatedFile& raw, std::uint64_t upto, std::string& text,
                       CaptureWriter& writer) {
  text.resize(upto - raw.offset());
  const std::size_t got = raw.read(text.data(), text.size());
  if (got != text.size()) return fail("the file has changed while it was read; begin anew");
  return writer.end_block(text);
}

/// Frames and text of the whole file into blocks.
Result<void> write_blocks(const CaptureFileInfo& info, CaptureWriter& writer) {
  auto lines = LineReader::open(info.path);
  if (!lines) return std::unexpected(lines.error());
  auto raw = InflatedFile::open(info.path);
  if (!raw) return std::unexpected(raw.error());
  FrameEncoder encoder(info.instrument);
  std::string text;
  CaptureLine line;
  (*lines)->begin_group();
  while (read_capture_line(**lines, info.format, info.select, line)) {
    writer.add(line, encoder.encode(line));
    const std::uint64_t upto = (*lines)->offset();
    if (writer.block_frames() == kBlockFrames || upto - (*raw)->offset() > kBlockText) {
      if (auto ended = end_block(**raw, upto, text, writer); !ended) return ended;
    }
    (*lines)->begin_group();
  }
  if ((*lines)->error()) return std::unexpected(*(*lines)->error());
  return end_block(**raw, (*lines)->offset(), text, writer);
}

/// The text in `capture` is the file's, byte for byte.
Result<void> check_same_text(const std::string& path, const BinaryCapture& capture) {
  auto raw = InflatedFile::open(path);
  if (!raw) return std::unexpected(raw.error());
  std::string expected;
  const auto compare = [&](std::string_view text) -> Result<void> {
    expected.resize(text.size());
    const std::uint64_t at = (*raw)->offset();
    const std::size_t got = (*raw)->read(expected.data(), expected.size());
    if (got == text.size() && expected == text) return {};
    return fail("'" + path + "': its text in the binary capture differs behind byte " +
                std::to_string(at) + "; begin anew");
  };
  if (auto read = read_capture_text(capture, compare); !read) return read;
  char more = 0;
  if ((*raw)->read(&more, 1) != 0) return fail("'" + path + "': its text is longer; begin anew");
  return {};
}

/// A binary capture holds one stream.
Result<void> refuse_several(const CaptureInfo& info) {
  const std::string& path = info.files.front().path;
  if (info.instruments.size() > 1) {
    std::string list;
    for (const Instrument& i : info.instruments) list += (list.empty() ? "" : ", ") + i.id;
    return fail_usage("'" + path + "' holds " + list + ", and a binary capture one instrument; "
                      "name it with --instrument");
  }
  if (info.streams.size() == 1) return {};
  return fail_usage("'" + path + "': " + info.instruments.front().id + " came over " +
                    std::to_string(info.streams.size()) +
                    " connections, and a binary capture holds one; keep to the text");
}

/// Definitions that lie beside the capture are to lie beside what is made of it; those that do
/// there already must be the same.
bool has_definitions(const CaptureInfo& info, const std::string& to) {
  std::error_code ignored;
  return !info.definition_files.empty() || fs::exists(instrument_file_beside(to), ignored);
}

/// The same of the text that a binary capture is turned back into.
Result<void> carry_definition_back(const std::string& from, const std::string& id,
                                   const std::string& to) {
  const auto defined = read_instrument_file(instrument_file_beside(from));
  if (!defined) return std::unexpected(defined.error());
  const auto found = std::ranges::find(*defined, id, &Instrument::id);
  if (found == defined->end()) return {};
  return add_to_instrument_file(instrument_file_beside(to), std::span(&*found, 1));
}

}  // namespace

Result<Converted> convert_capture(const std::string& from, const std::string& to,
                                  const InspectOptions& options) {
  if (is_binary_capture(from)) return fail("'" + from + "' is a binary capture already");
  const auto info = inspect_captures({from}, options);
  if (!info) return std::unexpected(info.error());
  if (auto single = refuse_several(*info); !single) return std::unexpected(single.error());
  const bool is_defined = has_definitions(*info, to);
  if (is_defined) {
    auto fits = check_instrument_file(instrument_file_beside(to), info->instruments);
    if (!fits) return fail_within("cannot convert '" + from + "'", fits);
  }
  const CaptureFileInfo& file = info->files.front();
  BinaryHeader header;
  if (auto put = put_binary_info(file, header); !put) return std::unexpected(put.error());
  const std::string name = fs::path(from).filename().string();
  name.copy(header.source, sizeof(header.source) - 1);
  auto writer = CaptureWriter::open(to);
  if (!writer) return std::unexpected(writer.error());
  if (auto written = write_blocks(file, **writer); !written) {
    return fail_within("cannot convert '" + from + "'", written);
  }
  auto finished = (*writer)->finish(header);
  if (!finished) return std::unexpected(finished.error());
  auto capture = BinaryCapture::open((*writer)->new_path());
  if (!capture) return std::unexpected(capture.error());
  if (auto same = check_same_text(from, **capture); !same) return std::unexpected(same.error());
  if (auto same = check_same_stage(*info, (*writer)->new_path()); !same) {
    return std::unexpected(same.error());
  }
  if (is_defined) {
    auto added = add_to_instrument_file(instrument_file_beside(to), info->instruments);
    if (!added) return std::unexpected(added.error());
  }
  if (auto kept = (*writer)->keep(); !kept) return std::unexpected(kept.error());
  return Converted{from, to, static_cast<std::uint64_t>(finished->frames),
                   (*writer)->decoded_frames(), finished->text_bytes, finished->file_bytes};
}

Result<Converted> convert_back(const std::string& from, const std::string& to) {
  auto capture = BinaryCapture::open(from);
  if (!capture) return std::unexpected(capture.error());
  std::error_code ignored;
  if (fs::exists(to, ignored)) {
    return fail("'" + to + "' is there already; remove it or name another file");
  }
  const std::string new_path = to + ".new";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(new_path.c_str(), "wbe"),
                                                             std::fclose);
  const auto failed = [&] {
    const std::string why = std::strerror(errno);
    fs::remove(new_path, ignored);
    return fail("cannot write '" + new_path + "': " + why);
  };
  if (file == nullptr) return failed();
  const auto read = read_capture_text(**capture, [&](std::string_view text) -> Result<void> {
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()) return failed();
    return {};
  });
  if (!read) {
    fs::remove(new_path, ignored);
    return std::unexpected(read.error());
  }
  if (std::fflush(file.get()) != 0 || std::rename(new_path.c_str(), to.c_str()) != 0) {
    return failed();
  }
  const BinaryHeader& h = (*capture)->header();
  if (auto carried = carry_definition_back(from, h.instrument, to); !carried) {
    return std::unexpected(carried.error());
  }
  return Converted{from, to, static_cast<std::uint64_t>(h.frames), 0, h.text_bytes, h.text_bytes};
}

}  // namespace pinstripe
