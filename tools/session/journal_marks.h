// Marks in the session directory by which the carrier and the checkpoint helper tell everybody else
// of a disk that takes nothing. Shared memory has room for them when the disk has none.
#pragma once

#include <string>

namespace pinstripe {

/// `<stage>.journal.hole`: records of the stage's journal were given up; made before the first is
/// gone, and never taken back. Nothing rejoins, resumes or replays behind them.
std::string hole_mark(const std::string& session_directory, const std::string& stage);
bool has_hole(const std::string& session_directory, const std::string& stage);
/// Makes an empty file; true where it is there now.
bool make_mark(const std::string& path);

/// Why no checkpoint of the stage can be written at present; "": nothing is wrong.
std::string checkpoint_problem(const std::string& session_directory, const std::string& stage);
void tell_checkpoint_problem(const std::string& session_directory, const std::string& stage,
                             const std::string& problem);

}  // namespace pinstripe
