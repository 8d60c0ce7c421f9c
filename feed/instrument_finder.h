// Which definition of an instrument counts for a capture: one handed over, else that beside the
// capture (feed/instrument_file.h), else the shipped one.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

class InstrumentFinder {
 public:
  /// `given` must outlive it. Where some are given, what lies beside captures is not read.
  explicit InstrumentFinder(std::span<const Instrument> given) : given_(given) {}

  /// What is looked for from here on stands in the capture `path`. Refuses definitions beside it
  /// that cannot be read, or that say otherwise than those of a folder before.
  Result<void> enter(const std::string& path);
  /// The error says where was looked.
  Result<Instrument> find(std::string_view venue, std::string_view symbol) const;

  /// All that stands beside the captures so far, each instrument once.
  const std::vector<Instrument>& defined() const noexcept { return defined_; }
  /// The files that say so, in the order in which they were met.
  const std::vector<std::string>& files() const noexcept { return files_; }

 private:
  std::span<const Instrument> given_;
  std::map<std::string, std::vector<Instrument>> read_;  // by file; empty where there is none
  std::string file_;                                     // beside the present capture
  std::vector<Instrument> defined_;
  std::vector<std::string> files_;
};

/// An instrument by id among `defined`, else among the shipped; the error names `files` too.
Result<Instrument> find_defined(std::string_view id, std::span<const Instrument> defined,
                                std::span<const std::string> files);

}  // namespace pinstripe
