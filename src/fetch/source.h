/* Private to fetch/: one list that comes from elsewhere, from its timer to its copy. */
#ifndef PF_FETCH_SOURCE_H
#define PF_FETCH_SOURCE_H

#include <pthread.h>
#include <uv.h>

#include "dns/tsig.h"
#include "fetch/copy.h"
#include "fetch/fetch.h"
#include "http/http.h"

struct download;
struct conversation;

/* A round's end. */
enum round { ROUND_SAME, ROUND_CHANGED, ROUND_FAILED };

struct source {
	struct fetch *fetch;
	uint64_t id;             /* no other source had or will have it */
	struct config_list list; /* a copy of its own */
	size_t number;           /* in the configuration */
	uv_timer_t timer;        /* its next round, or the end of its zone */
	struct copy_state state;
	unsigned failures;      /* in a row */
	int64_t retry_after_us; /* what the server asked for; 0: nothing */
	int64_t started_mono_us, next_mono_us;
	bool again;       /* asked for once more while it ran */
	bool kept;        /* fetch_configure's mark */
	bool incremental; /* the last round brought differences of a zone */
	struct download *download;
	struct conversation *conversation;
	/* Under fetch->lock, for other threads. */
	struct fetch_status status;
	bool wanted;         /* by fetch_update */
	unsigned unreported; /* rounds that are over, but what they brought is not in force yet */
	uint64_t rounds;     /* reported ones, good and bad */
};

struct fetch {
	uv_loop_t *loop;
	fetch_changed changed;
	void *data;
	struct http *http; /* borrowed */
	uv_timer_t gather; /* until copies that changed are told, so that many make one snapshot */
	uv_async_t wake;
	bool dirty; /* copies have changed since the last snapshot */
	size_t running;
	uint64_t last_id;
	_Atomic uint64_t notified[LIST_MAX / 64]; /* bits of lists, set by workers */

	pthread_mutex_t lock; /* of what follows, against other threads */
	pthread_cond_t reported;
	bool stopping;
	size_t count;
	struct source *sources[LIST_MAX];
};

/* source.c: one source's life. NULL without memory. */
struct source *source_new(struct fetch *fetch, const struct config_list *list, struct now now);
/* Ends what runs; the loop closes and frees it. */
void source_close(struct source *source);
/* The configuration's new words for the same source. PF_ENOMEM. */
PF_MUST_CHECK int source_adopt(struct source *source, const struct config_list *list);
/* Begins a round, now or when others have ended; remembers it when one runs. */
void source_begin(struct source *source);
/* Expires the copy of a zone when its time has come. True when it did. */
bool source_expire(const char *path, const char *list, struct copy_state *state, struct now now);

/* fetch.c: what rounds tell the whole. */
void fetch_round_ended(struct fetch *fetch, bool changed);

/* schedule.c: from the end of a round to the next, jittered; microseconds. */
int64_t schedule_next_us(const struct source *source, uint64_t random);
/* At the start, by what the copy's state says. */
int64_t schedule_first_us(const struct source *source, struct now now, uint64_t random);
/* Until the zone expires; INT64_MAX: never. */
int64_t schedule_expiry_us(const struct copy_state *state, struct now now);

/* candidate.c: reads a file as this list would be read. PF_OK and the entries in it, or PF_EINVAL with a phrase. */
PF_MUST_CHECK int candidate_read(const struct config_list *list, const char *path, uint64_t *names,
                                 char error[FETCH_ERROR_MAX]);

/* Ends the round that runs. `error` is a sentence when it failed, else NULL. */
void source_finish(struct source *source, enum round round, const char *error);
void source_progress(struct source *source, uint64_t bytes);

/* Takes what was written as the new copy when it is a list, as large as can be believed, and differs from the old one. The
 * writer is used up. Returns the round; `error` gets a sentence when it is refused. */
enum round source_take(struct source *source, struct replacement *writer,
                       char error[FETCH_ERROR_MAX]);

/* The two kinds of rounds. Both end in source_finish, later or at once, unless they are aborted. */
void download_start(struct source *source);
void download_abort(struct source *source);
void conversation_start(struct source *source);
void conversation_abort(struct source *source);

#endif
