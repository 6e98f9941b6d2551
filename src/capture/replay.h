/* Captures instead of live traffic: every question of a capture goes through the same pipeline, with the same rules, databases and
 * journal, at the capture's own clock; the upstream is the answer that the capture holds. What the verdict would have been
 * is what comes out. Nobody is sent anything.
 *
 * Nothing is cached, so that each question is judged by the answer that it really got. */
#ifndef PF_CAPTURE_REPLAY_H
#define PF_CAPTURE_REPLAY_H

#include "base/diag.h"
#include "capture/capture.h"
#include "value/verdict.h"

#define REPLAY_ERROR_MAX 500
#define REPLAY_FINDINGS_MAX \
	4096 /* (device, name, rule) that are told apart; the others are only counted */
#define REPLAY_NOTES_MAX 64 /* files that broke, of which is told */
#define REPLAY_ROUTER_ADDRESSES \
	8 /* addresses at one MAC: with more it is a router's, and tells nothing of who asks */

/* What was, or would have been, flagged or sinkholed. */
struct replay_finding {
	enum action action;
	char device[64], name[1021], rule[128], reason[1024];
	uint64_t count;
};

struct replay_options {
	const char *config; /* path of portafilter.yaml */
	const char *const *files;
	size_t file_count;
	const char *journal; /* path of a database that is made or added to; NULL: none */
	/* Called now and then; `total` is 0 when it is not known (a pipe). */
	void (*progress)(void *data, uint64_t bytes, uint64_t total);
	void *progress_data;
};

struct replay_summary {
	struct capture_counts counts;
	uint64_t decided; /* questions that went through the rules: one record each */
	uint64_t refused; /* of another class than IN: no resolver for clients answers them */
	uint64_t allowed, flagged, sinkholed;
	uint64_t journalled;       /* records in `journal` */
	uint64_t routers;          /* MACs with too many addresses */
	int64_t first_us, last_us; /* of the questions; 0: there were none */
	size_t finding_count;
	struct replay_finding *findings; /* the most frequent first; owned */
	bool findings_full;
	size_t note_count;
	char *notes[REPLAY_NOTES_MAX]; /* sentences about files that broke; owned */
};

/* PF_OK: all files were read, damaged ones as far as they go. Else a sentence in `error`, or findings about the configuration in
 * `diag`; the summary holds what was done until then. To be freed in either case. */
PF_MUST_CHECK int replay_run(const struct replay_options *options, struct diag *diag,
                             struct replay_summary *summary, char error[REPLAY_ERROR_MAX]);
void replay_summary_free(struct replay_summary *summary);

#endif
