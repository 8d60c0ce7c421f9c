/* The journal in shared memory (shm/run/journal_writer.h): a stage appends and acts, a carrier walks
 * behind it, zeroes and frees segments; the stage may be killed once, anywhere, and has a successor.
 *
 * Two segments of CELLS words, numbered on for ever. A record is one word, or a word and a payload
 * word that looks just like a commit of its place (TRAP). The word of a record tells the segment's
 * number, as salt and position do. Asserted: the carrier sees each committed record, whole, once, in
 * order; a successor finds exactly the committed ones; no act comes before its record's commit.
 *
 *   all of them 1, as they are without a definition: holds
 *   COMMIT_LAST=0        the word is stored before size and payload: fails
 *   ACT_AFTER=0          the stage acts, then commits: fails
 *   TAIL_ZERO=0          a successor leaves what a torn record wrote: fails
 *   ZERO_FIRST=0         a segment is freed, then zeroed: fails
 *   HEADER_FIRST=0       the end of a segment is committed before the next one's header: fails
 *   HINT=0               the producer line names the first segment for ever: fails
 */
#ifndef COMMIT_LAST
#define COMMIT_LAST 1
#endif
#ifndef ACT_AFTER
#define ACT_AFTER 1
#endif
#ifndef TAIL_ZERO
#define TAIL_ZERO 1
#endif
#ifndef ZERO_FIRST
#define ZERO_FIRST 1
#endif
#ifndef HEADER_FIRST
#define HEADER_FIRST 1
#endif
#ifndef HINT
#define HINT 1
#endif
#define CELLS 4          /* the last is kept for the end of the segment */
#define RECORDS 6
#define AT(n, c) (((n) % 2) * CELLS + (c))
#define VALID(n) ((n) + 1)
#define END(n) (100 + (n))
#define TRAP(n) VALID(n)

byte word[8];
byte size[8];
byte header[2];          /* number of the segment that lies here */
byte freed = 0;          /* segments with lower numbers are empty again */
byte hint = 0;           /* segment being written */
byte committed = 0;      /* ghost: records committed */
byte acted = 0;
byte sizes[RECORDS];     /* ghost */
bool written = false;    /* all records are there */
bool killed = false;

#define STORE(s) if :: s :: !killed -> killed = true; goto dead fi

proctype stage() {
  byte n, c, found, length, i;
begin:
  n = (HINT -> hint : 0);
  c = 0;
  do                                           /* the walk of a successor */
  :: word[AT(n, c)] == VALID(n) -> c = c + size[AT(n, c)]
  :: word[AT(n, c)] == END(n) -> n++; c = 0
  :: else -> break
  od;
  if
  :: TAIL_ZERO ->
     i = c;
     do
     :: i < CELLS -> word[AT(n, i)] = 0; size[AT(n, i)] = 0; i++
     :: else -> break
     od
  :: else
  fi;
  hint = n;
  do
  :: committed == RECORDS -> break
  :: committed < RECORDS ->
     if :: length = 1 :: length = 2 fi;
     if
     :: c + length <= CELLS - 1 ->
        if
        :: !ACT_AFTER -> STORE(acted++)
        :: else
        fi;
        if
        :: COMMIT_LAST ->
           STORE(size[AT(n, c)] = length);
           if
           :: length == 2 -> STORE(size[AT(n, c + 1)] = 1); STORE(word[AT(n, c + 1)] = TRAP(n))
           :: else
           fi;
           STORE(atomic { word[AT(n, c)] = VALID(n); sizes[committed] = length; committed++ })
        :: else ->
           STORE(atomic { word[AT(n, c)] = VALID(n); sizes[committed] = length; committed++ });
           STORE(size[AT(n, c)] = length)
        fi;
        c = c + length;
        if
        :: ACT_AFTER -> STORE(acted = committed)
        :: else
        fi;
        assert(acted <= committed)
     :: else ->
        (n + 1 < freed + 2);                   /* waits for the carrier */
        if
        :: HEADER_FIRST -> STORE(header[(n + 1) % 2] = n + 1); STORE(word[AT(n, c)] = END(n))
        :: else -> STORE(word[AT(n, c)] = END(n)); STORE(header[(n + 1) % 2] = n + 1)
        fi;
        n++;
        c = 0;
        STORE(hint = n)
     fi
  od;
  written = true;
  goto over;
dead:
  assert(acted <= committed);
  goto begin;
over:
  skip
}

proctype carrier() {
  byte n, c, carried, i;
  do
  :: written && carried == RECORDS -> break
  :: word[AT(n, c)] == VALID(n) ->
     assert(carried < committed && size[AT(n, c)] == sizes[carried]);
     c = c + size[AT(n, c)];
     carried++
  :: word[AT(n, c)] == END(n) ->
     assert(header[(n + 1) % 2] == n + 1);
     (hint > n);                               /* never the segment that the hint names */
     if :: !ZERO_FIRST -> freed = n + 1 :: else fi;
     i = 0;
     do
     :: i < CELLS -> word[AT(n, i)] = 0; size[AT(n, i)] = 0; i++
     :: else -> break
     od;
     if :: ZERO_FIRST -> freed = n + 1 :: else fi;
     n++;
     c = 0
  od
}

init { atomic { run stage(); run carrier() } }
