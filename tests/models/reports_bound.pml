/* The reports ring's watermark pair (w, k) (protocol 4; RingProducer::store_watermark, Merge::refresh).
 *
 * "No report before w, except answers to commands after number k", and risk bounds those itself. At rest
 * exec promises silence: w is the end of time. It takes risk's command, sent at 0, takes that promise back
 * (w falls to 10, k rises to 1), publishes the answer at 10 and is silent again. Risk has market events at
 * 4 and 12; it knows that an answer comes at 5 or later. It must take the answer before 12.
 *
 *   WSTORED=1  exec stores w, then k; KLOADED=1  risk loads k, then w; LOOKLAST=1  and then looks into the
 *   ring: holds. Each other order takes 12 before 10: fails.
 */
#define END 255
byte w = END;
byte k = 0;
bool published = false;         /* the answer at 10 */
bool sent = false;              /* command 1 */

proctype exec() {
  sent;
  if
  :: WSTORED -> w = 10; k = 1
  :: else -> k = 1; w = 10
  fi;
  published = true;
  w = END
}

proctype risk() {
  byte seen_w, seen_k, own, bound;
  bool seen = false;
  byte market = 4;              /* the next event of that ring */
  bool took_answer = false;
  sent = true;
  do
  :: market == END -> break
  :: else ->
     if
     :: !LOOKLAST -> seen = published && !took_answer
     :: else -> skip
     fi;
     if
     :: KLOADED -> seen_k = k; seen_w = w
     :: else -> seen_w = w; seen_k = k
     fi;
     if
     :: LOOKLAST -> seen = published && !took_answer
     :: else -> skip
     fi;
     own = (seen_k >= 1 -> END : 5);
     bound = (seen -> 10 : (own < seen_w -> own : seen_w));
     if
     :: market <= bound ->      /* the market comes first at equal times */
        assert(market == 4 || took_answer);
        market = (market == 4 -> 12 : END)
     :: market > bound && seen -> took_answer = true
     :: else -> skip            /* waits and looks again */
     fi
  od
}

init { atomic { run exec(); run risk() } }
