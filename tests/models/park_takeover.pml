/* Parking and takeover (protocol 3; shm/ring/park.h): a ring of CAPACITY slots, both ends park.
 *
 * Total store order: a plain store waits in its process's one-entry buffer until it drains; an atomic
 * exchange drains the own buffer first. Parks are NOT timed here, so a lost wake-up is a deadlock.
 *
 *   BARRIER=1       the parker's membarrier drains every buffer between its flag and its second look
 *   LOOK=1          it looks again after the barrier
 *   CRASH=1         a publisher may be killed between clearing `parked` and the futex wake; its successor
 *                   takes the end over
 *   TAKEOVERWAKE=1  whoever takes an end over wakes the peer unconditionally
 *
 * Holds:  BARRIER=1 LOOK=1 CRASH=0 and BARRIER=1 LOOK=1 CRASH=1 TAKEOVERWAKE=1
 * Fails:  BARRIER=0, or LOOK=0, or CRASH=1 without TAKEOVERWAKE
 */
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif

#define CONSUMER 0
#define PRODUCER 1

byte published = 0;          /* as memory has it; slots and cursor reduced to counts */
byte released = 0;
bool buffered[2];            /* one store waits in the end's buffer */
byte waiting[2];             /* its value */
bool parked[2];              /* the park word of each end */
bool asleep[2];              /* sleeps in the futex */
bool crashed = false;        /* one kill a run */

inline drain(end) {
  if
  :: buffered[end] && end == PRODUCER -> published = waiting[end]; buffered[end] = false
  :: buffered[end] && end == CONSUMER -> released = waiting[end]; buffered[end] = false
  :: else
  fi
}

/* Buffers drain at any time. */
proctype memory() {
end:
  do
  :: atomic { buffered[PRODUCER] -> drain(PRODUCER) }
  :: atomic { buffered[CONSUMER] -> drain(CONSUMER) }
  od
}

inline store(me, value) {
  atomic { !buffered[me] -> buffered[me] = true; waiting[me] = value }
}

/* wake_if_parked: the plain load may run ahead of the buffered store. */
inline wake(me, peer, won) {
  if
  :: parked[peer] ->
     atomic { drain(me); won = parked[peer]; parked[peer] = false };
     if
     :: won && CRASH && !crashed ->
        crashed = true;                     /* killed here; the successor goes on below */
        if
        :: TAKEOVERWAKE -> atomic { parked[peer] = false; asleep[peer] = false }
        :: else
        fi
     :: won -> asleep[peer] = false         /* futex wake */
     :: else
     fi
  :: !parked[peer]
  fi
}

/* park: flag, barrier, second look, sleep while the flag is set. */
inline park(me, ready) {
  atomic { drain(me); parked[me] = true };
  if
  :: BARRIER -> atomic { drain(PRODUCER); drain(CONSUMER) }
  :: else
  fi;
  if
  :: LOOK && ready -> parked[me] = false
  :: !(LOOK && ready) ->
     if
     :: atomic { parked[me] -> asleep[me] = true }; !asleep[me]; parked[me] = false
     :: !parked[me]
     fi
  fi
}

proctype producer() {
  byte n = 0;
  bool won;
  do
  :: n == MESSAGES -> break
  :: n < MESSAGES && n - released < CAPACITY ->
     store(PRODUCER, n + 1);
     n++;
     wake(PRODUCER, CONSUMER, won)
  :: n < MESSAGES && n - released >= CAPACITY ->
     park(PRODUCER, n - released < CAPACITY)
  od
}

proctype consumer() {
  byte n = 0;
  bool won;
  do
  :: n == MESSAGES -> break
  :: n < MESSAGES && published > n ->
     assert(published <= n + CAPACITY);
     n++;
     store(CONSUMER, n);
     wake(CONSUMER, PRODUCER, won)
  :: n < MESSAGES && published <= n ->
     park(CONSUMER, published > n)
  od
}

init { atomic { run memory(); run producer(); run consumer() } }
