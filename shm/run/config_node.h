// One node of a JSON config (comments allowed), read key by key with ranges and defaults.
//
// Every reader states what is allowed; what does not fit is remembered with the path of the key,
// what was found and what is allowed, and the default is used so that reading goes on. `finish()`
// at the root then reports all of it at once, with each key that nobody asked for and the nearest
// right one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

/// The name in `names` nearest to `wrong` (edit distance), or "" where none is near.
std::string nearest_name(std::string_view wrong, std::span<const std::string> names);

/// A cheap handle; copies speak of the same node. Lives as long as any handle of its document.
class ConfigNode {
 public:
  /// Parses `text`; `origin` (a file name) stands in front of every message. Refuses text that is
  /// not one JSON object, and a key given twice in one object.
  static Result<ConfigNode> parse(std::string_view text, std::string origin);
  static Result<ConfigNode> load(const std::string& file);
  /// An empty object: every reader gives its default.
  static ConfigNode empty(std::string origin = "config");

  /// Value of `key`, or `def` where it is absent; `min` and `max` are both allowed.
  std::int64_t integer(std::string_view key, std::int64_t def, std::int64_t min, std::int64_t max);
  double number(std::string_view key, double def, double min, double max);
  bool boolean(std::string_view key, bool def);
  std::string text(std::string_view key, std::string_view def);
  /// Index in `names` of the text under `key`.
  std::size_t choice(std::string_view key, std::size_t def,
      std::span<const std::string_view> names);
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min, std::int64_t max);
  /// The object under `key`; an empty one where it is absent.
  ConfigNode child(std::string_view key);
  /// The objects of the array under `key`.
  std::vector<ConfigNode> list(std::string_view key);
  bool has(std::string_view key) const;
  /// True where the value under `key` is a JSON text (for keys that take a word or a number).
  bool is_text(std::string_view key) const;
  /// Names of all members of this object, in alphabetical order.
  std::vector<std::string> keys() const;

  /// Remembers a problem of `key` that only the caller can see ("found 3, allowed a power of two").
  void complain(std::string_view key, const std::string& problem);
  /// Path of this node, "" for the root: "risk.limits".
  const std::string& path() const;
  /// This node as compact JSON text.
  std::string raw() const;
  /// Marks `key` as known without reading it.
  void know(std::string_view key);
  /// At the root, after everything was read: all problems, or none. Exit status kUsage.
  Result<void> finish() const;

 private:
  struct Document;
  struct Record;
  ConfigNode(std::shared_ptr<Document> document, Record* record);
  std::string path_of(std::string_view key) const;

  std::shared_ptr<Document> document_;
  Record* record_;
};

}  // namespace pinstripe
