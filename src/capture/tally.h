/* Private to capture/: the sink at the end of a replay. It counts what was flagged or sinkholed, and hands every record on to the
 * journal's own sink, if there is one, which it keeps from deleting what is old by the clock of today. */
#ifndef PF_CAPTURE_TALLY_H
#define PF_CAPTURE_TALLY_H

#include "capture/replay.h"
#include "journal/sink.h"

/* Takes `inner` over (it may be NULL). NULL without memory: inner is the caller's then. */
struct sink *tally_new(struct sink *inner);
/* The findings so far, the most frequent first; the caller's. After journal_flush, while nothing is put. PF_OK, PF_ENOMEM. */
PF_MUST_CHECK int tally_findings(struct sink *sink, struct replay_summary *summary);

#endif
