/* A tap copies a slot that the producer overwrites (protocol 2; shm/ring/tap.h).
 *
 * One slot of two payload words; the producer writes messages 0, 1, 2 into it. Stores become visible in
 * any order that the writer's fences allow: between two fences the order is free.
 *
 *   MARK=1   the slot is marked odd, and fenced, before the payload: what the tap accepts is whole
 *   MARK=0   without the mark it accepts a mixture: fails
 *   FENCE=0  with the mark, but payload stores may pass it: fails
 */
#define MESSAGES 3
byte word = 0;               /* 2n+1 being written, 2n+2 published */
byte payload[2];

proctype writer() {
  byte n = 0;
  bool first, second, marked;
  do
  :: n == MESSAGES -> break
  :: n < MESSAGES ->
     first = false; second = false; marked = !MARK;
     do                      /* the mark and the payload, in every allowed order */
     :: !marked -> word = 2 * n + 1; marked = true
     :: !first && (marked || !FENCE) -> payload[0] = n + 1; first = true
     :: !second && (marked || !FENCE) -> payload[1] = n + 1; second = true
     :: first && second && marked -> break
     od;
     word = 2 * n + 2;       /* release: after everything above */
     n++
  od
}

proctype tap() {
  byte before, after, a, b;
  byte looks = 0;
  do
  :: looks == 2 -> break
  :: looks < 2 ->
     before = word;          /* acquire loads, in this order */
     a = payload[0];
     b = payload[1];
     after = word;
     if
     :: before == after && before > 0 && before % 2 == 0 ->
        assert(a == before / 2 && b == before / 2)
     :: else
     fi;
     looks++
  od
}

init { atomic { run writer(); run tap() } }
