// What a stage's process may still ask of the kernel once it has started: a seccomp filter.
//
// Features, models and risk have everything mapped before their hot loop begins, so the list of
// what they still need is short: waiting, the clock, memory without execute rights, writing to what
// is open, ending. The list says what is allowed: a call that a later kernel adds is refused too.
//
// Refused means the end of the process by SIGSYS, not EPERM. Who asks for a socket or a file here
// does not run the code that was tested: told EPERM it would go on, and its next order might come
// from what it could not read. Dead, it is what the supervisor knows best: its successor rejoins
// from the journal, and one that dies twice of one record stops the session.
#pragma once

#include <string>

namespace pinstripe {

/// False in sanitizer builds, whose runtimes open files and map memory as they like.
bool syscall_filter_built_in() noexcept;

/// Why this kernel cannot filter; "": it can. Changes nothing.
std::string syscall_filter_missing();

/// From now on the calling thread and those it starts may make no system call but those that a
/// stage needs; there is no way back. What is refused is named on standard error, then the process
/// dies of SIGSYS. Needs no right. Returns why there is no filter, for people; "": it is on.
std::string filter_system_calls();

}  // namespace pinstripe
