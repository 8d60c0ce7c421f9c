/* Reading a ring's watermark (protocol 4; RingConsumer::watermark before peek).
 *
 * A stage may take the head of ring B, at time 7, only if ring A can bring nothing earlier. A's producer
 * publishes messages at times 5 and 9 and raises the watermark to the next one's time after each, and to
 * the end at last. The stage must never take 7 while 5 has been published and not taken.
 *
 *   WFIRST=1  the stage loads the watermark, then looks for a message: holds
 *   WFIRST=0  the other order takes 7 before 5: fails
 *   RAISE_EARLY=1  the producer raises the watermark before it publishes what lies below: fails
 */
byte published = 0;      /* messages of A in memory: times 5, 9 */
byte watermark = 0;
#define END 255
#define TIME_OF(n) ((n) == 0 -> 5 : 9)

proctype producer_of_a() {
  watermark = 5;
  if
  :: RAISE_EARLY -> watermark = 9; published = 1
  :: else -> published = 1; watermark = 9
  fi;
  published = 2;
  watermark = END
}

proctype stage() {
  byte taken = 0;
  byte bound;
  bool seen;
  bool took_b = false;
  do
  :: took_b -> break
  :: !took_b ->
     if
     :: WFIRST -> bound = watermark; seen = published > taken
     :: else -> seen = published > taken; bound = watermark
     fi;
     if
     :: seen && TIME_OF(taken) <= 7 -> taken++
     :: seen && TIME_OF(taken) > 7 -> took_b = true
     :: !seen && bound > 7 -> took_b = true
     :: !seen && bound <= 7                  /* waits and looks again */
     fi
  od;
  assert(taken == 1)                          /* 5 came before 7, and 9 did not */
}

init { atomic { run producer_of_a(); run stage() } }
