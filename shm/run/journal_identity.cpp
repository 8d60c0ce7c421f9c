#include "shm/run/journal_identity.h"

#include <cstdio>

namespace pinstripe {
namespace {

std::string shown(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string shown_id(const JournalIdentity& i) {
  return shown(i.session_id[0]) + shown(i.session_id[1]).substr(2);
}

std::string differs(const std::string& field, const std::string& found,
                    const std::string& expected) {
  return field + " is " + found + ", expected " + expected;
}

std::string named(const char (&field)[kJournalNameBytes]) {
  return "'" + identity_name(field) + "'";
}

}  // namespace

std::string identity_difference(const JournalIdentity& found, const JournalIdentity& expected) {
  const JournalIdentity &f = found, &e = expected;
  if (f.same(e)) return "";
  if (named(f.session) != named(e.session)) {
    return differs("session", named(f.session), named(e.session));
  }
  if (f.session_id != e.session_id) return differs("session_id", shown_id(f), shown_id(e));
  if (named(f.stage) != named(e.stage)) return differs("stage", named(f.stage), named(e.stage));
  if (named(f.build_id) != named(e.build_id)) {
    return differs("build_id", named(f.build_id), named(e.build_id));
  }
  for (std::size_t i = 0; i < kJournalModelsMax; ++i) {
    if (f.model_digest[i] == e.model_digest[i]) continue;
    return differs("model_digest " + std::to_string(i), shown(f.model_digest[i]),
                   shown(e.model_digest[i]));
  }
  const struct { const char* name; std::uint64_t found, expected; } numbers[] = {
      {"kind", f.kind, e.kind},
      {"config_digest", f.config_digest, e.config_digest},
      {"registry_hash", f.registry_hash, e.registry_hash},
      {"models_digest", f.models_digest, e.models_digest},
      {"data_digest", f.data_digest, e.data_digest},
      {"inputs_layout_hash", f.inputs_layout_hash, e.inputs_layout_hash}};
  for (const auto& n : numbers) {
    if (n.found != n.expected) return differs(n.name, shown(n.found), shown(n.expected));
  }
  return "the identity has bytes where there should be none";
}

}  // namespace pinstripe
