/* The driver of replay.h: one pipeline, one thread, and the journal's own. A question is run when its answer is there, or is known
 * not to come: the pipeline's clock then stands at the question, and at the answer when its upstream is asked. */
#include "capture/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/clients.h"
#include "capture/file.h"
#include "capture/pairs.h"
#include "capture/tally.h"
#include "device/book.h"
#include "journal/sqlite/sqlite.h"
#include "pipeline/pipeline.h"

#define FLUSH_MS 60000    /* a disk that takes no batch for so long takes none */
#define LOOK_EVERY 64     /* records between two looks at the ring */
#define LOOK_ADDRESSES 16 /* answers with more are looked behind at once: their records are large */
#define KEEP_US INT64_MAX / 4 /* what is old in the capture is not old in its journal */

struct replay {
	const struct replay_options *options;
	struct replay_summary *summary;
	struct shared shared;
	struct pipeline pipeline;
	struct forwarder forwarder;
	struct book *book;
	struct clients *clients;
	struct pairs *pairs;
	struct packets *packets;
	struct sink *tally; /* the journal's, which closes it */
	struct now now;
	uint64_t bytes_before, bytes_total;
	unsigned since_look;
	int error; /* the first that ends the replay */
	/* The question at hand, and what it asks its upstream. */
	const struct capture_pair *pair;
	struct dns_query asked;
	forward_done done; /* NULL: it asks nothing */
	void *done_data;
	uint8_t whole[DNS_MESSAGE_MAX]; /* a truncated answer without TC */
};

/* ---- what the pipeline sees -------------------------------------------------------------- */

static struct now clock_of_capture(void *data)
{
	return ((struct replay *)data)->now;
}

static struct replay *of_forwarder(struct forwarder *forwarder)
{
	return (struct replay *)((char *)forwarder - offsetof(struct replay, forwarder));
}

static int ask(struct forwarder *forwarder, uint64_t group, const struct dns_query *query,
               forward_done done, void *data)
{
	(void)group; /* whoever was asked, it is one answer */
	struct replay *replay = of_forwarder(forwarder);
	replay->asked = *query;
	replay->done = done;
	replay->done_data = data;
	return PF_OK;
}

static void configure(struct forwarder *forwarder, const struct upstream_group *groups,
                      size_t count)
{
	(void)forwarder;
	(void)groups;
	(void)count;
}

/* One pipeline: whatever it waits for lands in its own thread. */
static void post(struct query *query)
{
	pipeline_resume(query);
}

static void forget_reply(struct query *query, const uint8_t *bytes, size_t length)
{
	(void)query;
	(void)bytes;
	(void)length;
}

/* ---- one question ------------------------------------------------------------------------ */

/* The answer that the capture holds. NULL: none, or none that a resolver would have believed. */
static struct answer *read_answer(struct replay *replay)
{
	const struct capture_message *message = replay->pair->answer;
	struct answer *answer = NULL;
	if (!message || !dns_name_equal(&replay->asked.name, &replay->pair->query->name) ||
	    message->length > DNS_MESSAGE_MAX)
		return NULL;
	/* What a truncated one holds is better than nothing. */
	memcpy(replay->whole, message->bytes, message->length);
	replay->whole[2] &= (uint8_t)~0x02;
	if (answer_from_wire(replay->whole, message->length, &replay->asked, &answer) != PF_OK) {
		replay->summary->counts.damaged[DAMAGE_ANSWER]++;
		return NULL;
	}
	answer->ttl = 0; /* for this question alone */
	return answer;
}

static void answer_all(struct replay *replay)
{
	const struct capture_message *message = replay->pair->answer;
	while (replay->done) {
		char upstream[ADDR_PORT_TEXT_MAX] = "";
		forward_done done = replay->done;
		struct forward_result result = {FORWARD_TIMED_OUT, NULL, upstream, NULL};
		replay->done = NULL;
		result.answer = read_answer(replay);
		if (result.answer) {
			result.status = FORWARD_ANSWERED;
			if (message->server.addr.family)
				addr_port_format(&message->server, upstream);
		}
		done(replay->done_data, &result);
	}
}

/* Who asks: as the daemon would find it among the neighbours. Somebody's word about the MAC counts most, then the configuration's
 * about the address. */
static void name_asker(struct replay *replay, struct query *query)
{
	const struct capture_message *question = replay->pair->question;
	const struct registry *registry = replay->shared.snapshot->registry;
	struct device device;
	if (!question->has_mac)
		return;
	bool known = registry_by_mac(registry, &question->mac) >= 0;
	bool router = clients_is_router(replay->clients, &question->mac, &question->client.addr);
	if (!known &&
	    (router || registry_resolve(registry, &question->client.addr, NULL, &device) >= 0))
		return;
	query->asker.has_mac = true;
	query->asker.mac = question->mac;
}

/* Waits while the journal is behind. */
static void hold_back(struct replay *replay, size_t address_count)
{
	struct journal_stats stats;
	if (++replay->since_look < LOOK_EVERY && address_count <= LOOK_ADDRESSES)
		return;
	replay->since_look = 0;
	journal_stats(replay->shared.journal, &stats);
	if (stats.ring_bytes > stats.ring_bytes_max / 4 * 3 &&
	    journal_flush(replay->shared.journal, FLUSH_MS) != PF_OK)
		replay->error = PF_EIO;
}

static void note_time(struct replay *replay, int64_t wall_us)
{
	struct replay_summary *summary = replay->summary;
	if (!summary->first_us || wall_us < summary->first_us)
		summary->first_us = wall_us;
	if (wall_us > summary->last_us)
		summary->last_us = wall_us;
}

static void decide(void *data, const struct capture_pair *pair)
{
	struct replay *replay = data;
	if (replay->error != PF_OK)
		return;
	struct query *query = pipeline_query_new(&replay->pipeline);
	if (!query) {
		replay->error = PF_ENOMEM;
		return;
	}
	replay->pair = pair;
	query->client = pair->question->client;
	query->protocol = pair->question->tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
	query->reply = forget_reply;
	query->transport = replay;
	name_asker(replay, query);
	struct now asked = {pair->question->wall_us, pair->question->wall_us}, now = asked;
	if (pair->answer && pair->answer->wall_us > asked.wall_us)
		now.mono_us = now.wall_us = pair->answer->wall_us;
	note_time(replay, asked.wall_us);
	replay->now = now;
	rcu_read_lock();
	pipeline_receive(&replay->pipeline, query, pair->question->bytes, pair->question->length,
	                 asked);
	rcu_read_unlock();
	answer_all(replay);
	hold_back(replay, pair->answer ? pair->answer->length / 16 : 0);
}

/* ---- starting and ending ----------------------------------------------------------------- */

/* Whoever asks in the capture was let in. */
static int let_all_in(struct config *config)
{
	struct prefix *everybody = calloc(2, sizeof *everybody);
	if (!everybody)
		return PF_ENOMEM;
	everybody[0].addr.family = 4;
	everybody[1].addr.family = 6;
	free(config->allow);
	config->allow = everybody;
	config->allow_count = 2;
	return PF_OK;
}

static int build_snapshot(struct replay *replay, struct diag *diag)
{
	struct config *config = NULL;
	struct snapshot *built = NULL;
	struct now now = clock_now();
	int error = config_load(replay->options->config, diag, &config);
	if (error != PF_OK)
		return error;
	error = let_all_in(config);
	if (error == PF_OK)
		error = snapshot_build_of(&config, 1, now, diag, &built);
	config_free(&config); /* NULL, when it was taken over */
	if (error == PF_OK)
		error = book_adopt(replay->book, built->config, built->registry, NULL, now, &built->roster);
	if (error == PF_OK)
		replay->shared.snapshot = built;
	else
		snapshot_free(&built);
	return error;
}

/* What happened then is news to nobody; it stands in the journal. */
static void tell_nobody(void *data, const struct event *event)
{
	(void)data;
	(void)event;
}

static int start_journal(struct replay *replay, char error[REPLAY_ERROR_MAX])
{
	struct sink *inner = NULL;
	const char *path = replay->options->journal;
	if (path && !(inner = sqlite_sink_open(path, KEEP_US, error, REPLAY_ERROR_MAX)))
		return PF_EIO;
	if (inner) {
		sqlite_sink_durable(inner, false); /* the capture is still there */
		sqlite_sink_tell(inner, (struct event_outlet){tell_nobody, NULL});
	}
	struct sink *tally = tally_new(inner);
	if (!tally) {
		if (inner)
			inner->close(&inner);
		return PF_ENOMEM;
	}
	struct journal_options options = {.sinks = &tally, .sink_count = 1, .ring_count = 1};
	replay->shared.journal = journal_start(&options);
	if (!replay->shared.journal) {
		tally->close(&tally);
		return PF_ENOMEM;
	}
	replay->tally = tally;
	return PF_OK;
}

static int start(struct replay *replay, struct diag *diag, char error[REPLAY_ERROR_MAX])
{
	struct shared *shared = &replay->shared;
	shared->key = hash_key_random();
	replay->book = book_new(shared->key, 0);
	replay->clients = clients_new();
	replay->pairs = pairs_new(&replay->summary->counts, decide, replay);
	shared->cache = cache_new(CACHE_BYTES_DEFAULT, shared->key);
	shared->flights = flight_table_new();
	if (!replay->book || !replay->clients || !replay->pairs || !shared->cache || !shared->flights)
		return PF_ENOMEM;
	const struct capture_sink sink = {pairs_take, replay->pairs, &replay->summary->counts};
	replay->packets = packets_new(&sink);
	if (!replay->packets)
		return PF_ENOMEM;
	int result = build_snapshot(replay, diag);
	if (result == PF_OK)
		result = start_journal(replay, error);
	if (result != PF_OK)
		return result;
	replay->forwarder = (struct forwarder){.ask = ask, .configure = configure};
	return pipeline_init(&replay->pipeline, shared, &replay->forwarder, 0, clock_of_capture, replay,
	                     post);
}

static void sum_up(struct replay *replay)
{
	struct replay_summary *summary = replay->summary;
	const struct pipeline_counters *counters = &replay->pipeline.counters;
	summary->decided = counters->answered;
	summary->refused = counters->refused;
	summary->allowed = counters->actions[ACTION_ALLOW];
	summary->flagged = counters->actions[ACTION_FLAG];
	summary->sinkholed = counters->actions[ACTION_SINKHOLE];
	summary->routers = clients_routers(replay->clients);
}

static void end(struct replay *replay)
{
	struct shared *shared = &replay->shared;
	journal_stop(&shared->journal);
	pipeline_deinit(&replay->pipeline);
	packets_free(&replay->packets);
	pairs_free(&replay->pairs);
	clients_free(&replay->clients);
	rcu_barrier();
	cache_free(&shared->cache);
	flight_table_free(&shared->flights);
	snapshot_free(&shared->snapshot);
	book_free(&replay->book);
	rcu_barrier(); /* what the cache has handed to call_rcu */
}

/* ---- files ------------------------------------------------------------------------------- */

static void on_progress(void *data, uint64_t bytes)
{
	struct replay *replay = data;
	if (replay->options->progress)
		replay->options->progress(replay->options->progress_data, replay->bytes_before + bytes,
		                          replay->bytes_total);
}

static uint64_t bytes_of(const char *path)
{
	struct stat info;
	return !stat(path, &info) && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

static void keep_note(struct replay_summary *summary, const char *note)
{
	if (*note && summary->note_count < REPLAY_NOTES_MAX &&
	    (summary->notes[summary->note_count] = strdup(note)))
		summary->note_count++;
}

static int read_files(struct replay *replay, char error[REPLAY_ERROR_MAX])
{
	const struct replay_options *options = replay->options;
	for (size_t i = 0; i < options->file_count; i++)
		replay->bytes_total += bytes_of(options->files[i]);
	for (size_t i = 0; i < options->file_count; i++) {
		struct capture_reading reading = {
			.path = options->files[i],
			.packets = replay->packets,
			.sink = {pairs_take, replay->pairs, &replay->summary->counts},
			.progress = on_progress,
			.progress_data = replay,
		};
		int result = capture_read(&reading, error);
		keep_note(replay->summary, reading.note);
		if (result != PF_OK)
			return result;
		replay->bytes_before += bytes_of(options->files[i]);
	}
	return PF_OK;
}

/* What the files held is decided; now the journal has to have it. */
static int finish(struct replay *replay, char error[REPLAY_ERROR_MAX])
{
	struct journal_stats stats;
	packets_end(replay->packets);
	pairs_end(replay->pairs);
	int flushed = journal_flush(replay->shared.journal, FLUSH_MS);
	journal_stats(replay->shared.journal, &stats);
	sum_up(replay);
	if (replay->options->journal)
		replay->summary->journalled = stats.journalled;
	if (replay->error == PF_ENOMEM)
		return PF_ENOMEM;
	if (flushed != PF_OK || replay->error != PF_OK ||
	    stats.journalled != replay->summary->decided) {
		snprintf(error, REPLAY_ERROR_MAX, "Only %llu of %llu records are in %s: %s",
		         (unsigned long long)stats.journalled, (unsigned long long)replay->summary->decided,
		         replay->options->journal ? replay->options->journal : "the count",
		         *stats.last_error ? stats.last_error : "it takes no more.");
		return PF_EIO;
	}
	return tally_findings(replay->tally, replay->summary);
}

int replay_run(const struct replay_options *options, struct diag *diag,
               struct replay_summary *summary, char error[REPLAY_ERROR_MAX])
{
	*summary = (struct replay_summary){0};
	*error = '\0';
	struct replay *replay = calloc(1, sizeof *replay);
	if (!replay) {
		snprintf(error, REPLAY_ERROR_MAX, "out of memory.");
		return PF_ENOMEM;
	}
	replay->options = options;
	replay->summary = summary;
	rcu_register_thread();
	int result = start(replay, diag, error);
	if (result == PF_OK) {
		result = read_files(replay, error);
		int finished = finish(replay, error);
		result = result == PF_OK ? finished : result;
	}
	if (result != PF_OK && !*error && !diag->errors)
		snprintf(error, REPLAY_ERROR_MAX, "%s.", pf_strerror(result));
	end(replay);
	rcu_unregister_thread();
	free(replay);
	return result;
}

void replay_summary_free(struct replay_summary *summary)
{
	while (summary->note_count)
		free(summary->notes[--summary->note_count]);
	free(summary->findings);
	*summary = (struct replay_summary){0};
}
