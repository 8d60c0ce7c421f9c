// What a session keeps of its own, and what its journals are told by.
#include "tools/session/session_files.h"

#include <cctype>
#include <fstream>

#include "shm/run/build_id.h"
#include "tests/tools/cli_support.h"
#include "tools/session/account.h"
#include "tools/session/attach.h"
#include "tools/session/identity.h"
#include "tools/session/prepare.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {
namespace {

class SessionFilesTest : public CliTest {
 protected:
  /// A made session of the trading config, `more` in front of it.
  SessionPlan made(const std::string& more = "") {
    const auto config = load_session_config(trading_config(more), {});
    EXPECT_TRUE(config) << config.error().message;
    auto plan = prepare_plan(*config);
    EXPECT_TRUE(plan) << plan.error().message;
    const auto dir = SessionDir::create(plan->name);
    EXPECT_TRUE(dir) << dir.error().message;
    const auto filled = fill_session(*plan, *dir);
    EXPECT_TRUE(filled) << filled.error().message;
    return std::move(*plan);
  }
  static JournalIdentity identity(const SessionPlan& plan, const std::string& stage) {
    auto found = identity_of(plan, *plan.stage(stage));
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  std::string rates() {
    const std::string file = (folder_ / "rates.csv").string();
    std::ofstream(file) << "funding_time_ms,funding_rate\n1000,0.0001\n";
    return file;
  }
};

TEST_F(SessionFilesTest, TheResolvedConfigNamesCopiesRelativeToTheSession) {
  const SessionPlan plan = made();
  ASSERT_EQ(plan.files.size(), 1U);
  EXPECT_EQ(plan.files[0].role, "model");
  EXPECT_EQ(plan.files[0].name, "inputs/model-0-model.json");
  EXPECT_EQ(plan.files[0].source, (folder_ / "model.json").string());
  const auto again = load_resolved(plan.directory);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(resolved_json(*again), resolved_json(plan));
  std::filesystem::remove(folder_ / "model.json");  // the copy is enough
  EXPECT_TRUE(Attachment::open(plan.name));
  const auto models = models_config_of(*again);
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_EQ(models->members.at(0).model.name, "imbalance");
}

TEST_F(SessionFilesTest, RatesAreCopiedToo) {
  const SessionPlan plan = made(R"("exec": {"funding": ")" + rates() + "\"},");
  ASSERT_EQ(plan.files.size(), 2U);
  EXPECT_EQ(plan.files[1].role, "rates");
  EXPECT_EQ(plan.files[1].name, "inputs/rates-0-rates.csv");
  const auto exec = exec_config_of(plan);
  ASSERT_TRUE(exec) << exec.error().message;
  EXPECT_EQ(exec->funding.at(0).size(), 1U);
}

TEST_F(SessionFilesTest, TiersAreCopiedTooAndTheVenueOpensWithRisksCash) {
  std::ofstream(folder_ / "tiers.json") << R"({"SYNTHETIC:PINUSD": [
      {"notional_cap": 50000, "maintenance_rate": 0.004}]})";
  SessionPlan plan = made(R"("exec": {"margin": {"tiers": "tiers.json"}},)");
  ASSERT_EQ(plan.files.size(), 2U);
  EXPECT_EQ(plan.files[1].role, "tiers");
  EXPECT_EQ(plan.files[1].name, "inputs/tiers-0-tiers.json");
  std::filesystem::remove(folder_ / "tiers.json");  // the copy is enough
  const auto exec = exec_config_of(plan);
  ASSERT_TRUE(exec) << exec.error().message;
  EXPECT_EQ(exec->instruments.at(0).tiers.size(), 1U);
  EXPECT_EQ(exec->margin.opening_e8, 10'000 * 100'000'000LL);
}

TEST_F(SessionFilesTest, AnEditedOrMissingCopyIsRefusedByName) {
  const SessionPlan plan = made();
  const std::string copy = plan.directory + "/inputs/model-0-model.json";
  std::ofstream(copy, std::ios::app) << " ";
  const auto edited = Attachment::open(plan.name);
  ASSERT_FALSE(edited);
  EXPECT_NE(edited.error().message.find("'" + copy + "' was changed"), std::string::npos)
      << edited.error().message;
  std::filesystem::remove(copy);
  const auto gone = Attachment::open(plan.name);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find(copy), std::string::npos) << gone.error().message;
}

TEST_F(SessionFilesTest, FilesAreCopiedOnFromOneDirectoryToAnother) {
  SessionPlan plan = made();
  const std::string to = (folder_ / "elsewhere").string();
  ASSERT_TRUE(copy_files(plan, plan.directory, to));
  plan.directory = to;
  EXPECT_TRUE(verify_files(plan));
}

TEST_F(SessionFilesTest, EverySessionHasAnIdOfItsOwn) {
  const SessionPlan one = made();
  const SessionPlan other = made(R"("name": "other",)");
  EXPECT_NE(one.session_id, other.session_id);
  EXPECT_NE(session_id_text(one), std::string(32, '0'));
  EXPECT_EQ(session_id_text(one).size(), 32U);
}

TEST_F(SessionFilesTest, TheJournalLiesBelowTheStateFolderUnderSessionTimeAndId) {
  const SessionPlan off = made(R"("journal": {"mode": "off"},)");
  EXPECT_EQ(off.journal.directory, "");
  const SessionPlan on = made(R"("name": "kept", "journal": {"mode": "on"},)");
  const std::string root = (folder_ / "state/pinstripe/journal/kept/").string();
  ASSERT_TRUE(on.journal.directory.starts_with(root)) << on.journal.directory;
  EXPECT_TRUE(on.journal.directory.ends_with("-" + session_id_text(on).substr(0, 8)));
  SessionPlan epoch = on;
  EXPECT_EQ(journal_directory_of(epoch, 1'723'161'455'000'000'000),
            root + "20240808T235735Z-" + session_id_text(on).substr(0, 8));
}

TEST_F(SessionFilesTest, TheIdentityIsTheSameFromThePlanReadBack) {
  const SessionPlan plan = made();
  const auto again = load_resolved(plan.directory);
  ASSERT_TRUE(again);
  for (const StageSpec& stage : plan.topology.stages) {
    EXPECT_EQ(identity_difference(identity(*again, stage.name), identity(plan, stage.name)), "");
  }
  const JournalIdentity risk = identity(plan, "risk");
  EXPECT_EQ(identity_name(risk.stage), "risk");
  EXPECT_EQ(identity_name(risk.session), plan.name);
  EXPECT_EQ(risk.session_id, plan.session_id);
  EXPECT_EQ(risk.model_digest[0], plan.files[0].digest);
  EXPECT_NE(risk.inputs_layout_hash, identity(plan, "exec").inputs_layout_hash);
}

TEST_F(SessionFilesTest, AChangedConfigModelOrDataChangesTheIdentity) {
  const SessionPlan plan = made();
  const JournalIdentity before = identity(plan, "risk");
  const auto field = [&](auto change) {
    SessionPlan other = plan;
    change(other);
    const std::string all = identity_difference(identity(other, "risk"), before);
    return all.substr(0, all.find(' '));
  };
  EXPECT_EQ(field([](SessionPlan& p) { p.seed = 99; }), "config_digest");
  EXPECT_EQ(field([](SessionPlan& p) { p.files[0].digest ^= 1; }), "model_digest");
  EXPECT_EQ(field([](SessionPlan& p) { p.session_id[0] ^= 1; }), "session_id");
}

TEST_F(SessionFilesTest, TheBuildIdIsThatOfTheArchives) {
  const std::string id(build_id());
  EXPECT_EQ(id.size(), 32U);
  for (const char c : id) EXPECT_TRUE(std::isxdigit(static_cast<unsigned char>(c))) << id;
}

TEST(SessionStateHash, DependsOnEveryStageAndTheirOrder) {
  const auto of = [](std::vector<std::uint64_t> states) { return session_state_hash(states); };
  EXPECT_EQ(of({1, 2, 3}), of({1, 2, 3}));
  EXPECT_NE(of({1, 2, 3}), of({2, 1, 3}));
  EXPECT_NE(of({1, 2, 3}), of({1, 2, 4}));
}

TEST(JournalRoot, FollowsTheStateFolderAndElseTheHome) {
  const auto kept = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::string(value) : std::string();
  };
  const std::string state = kept("XDG_STATE_HOME"), home = kept("HOME");
  setenv("HOME", "/home/x", 1);
  setenv("XDG_STATE_HOME", "/y", 1);
  EXPECT_EQ(journal_root(), "/y/pinstripe/journal");
  setenv("XDG_STATE_HOME", "relative", 1);  // the standard: relative paths count as not set
  EXPECT_EQ(journal_root(), "/home/x/.local/state/pinstripe/journal");
  unsetenv("XDG_STATE_HOME");
  EXPECT_EQ(journal_root(), "/home/x/.local/state/pinstripe/journal");
  setenv("HOME", home.c_str(), 1);
  if (!state.empty()) setenv("XDG_STATE_HOME", state.c_str(), 1);
}

}  // namespace
}  // namespace pinstripe
