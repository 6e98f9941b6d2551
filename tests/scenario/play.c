/* The stage of play.h. Messages are built and read with ldns: what is under test must not
 * check itself. */
#include "scenario/play.h"

#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_WALL_US 1795465583000000LL /* 2026-11-23 20:26:23 UTC */

/* ---- the forwarder ----------------------------------------------------------------------- */

static int fake_ask(struct forwarder *forwarder, uint64_t group, const struct dns_query *query,
                    forward_done done, void *data)
{
	struct play_worker *worker = (struct play_worker *)forwarder;
	struct play *play = worker->play;
	if (play->refuse_asks)
		return PF_EFULL;
	assert_true(play->ask_count < PLAY_ASKS_MAX);
	play->asks[play->ask_count++] =
		(struct play_ask){*query, done, data, false, worker->index, group};
	return PF_OK;
}

static void fake_configure(struct forwarder *forwarder, const struct upstream_group *groups,
                           size_t count)
{
	struct play_worker *worker = (struct play_worker *)forwarder;
	assert_true(count > 0 && groups[0].id == 0);
	worker->upstream_count = groups[0].count;
	if (groups[0].count)
		worker->upstream = groups[0].upstreams[0].address;
}

/* ---- the sink ---------------------------------------------------------------------------- */

struct play_sink {
	struct sink base;
	struct play *play;
	size_t uncommitted;
};

static int sink_begin(struct sink *sink, char *error, size_t size)
{
	struct play_sink *self = (struct play_sink *)sink;
	self->uncommitted = 0;
	if (!__atomic_load_n(&self->play->sink_fails, __ATOMIC_ACQUIRE))
		return PF_OK;
	snprintf(error, size, "The scenario wants a failure.");
	return PF_EIO;
}

static int sink_write(struct sink *sink, const struct record *record, char *error, size_t size)
{
	(void)error;
	(void)size;
	struct play_sink *self = (struct play_sink *)sink;
	struct play *play = self->play;
	if (play->record_count + self->uncommitted >= PLAY_RECORDS_MAX)
		return PF_EIO;
	struct play_record *to = &play->records[play->record_count + self->uncommitted++];
	*to = (struct play_record){
		.action = record->action,
		.source = record->source,
		.type = record->type,
		.rule = record->rule,
		.rcode = record->rcode,
		.standing = record->standing,
		.confidence = record->confidence,
		.dropped_reply = record->dropped_reply,
		.has_answer = record->answer != NULL,
		.answer_id = record->answer_id,
		.address_count = record->answer ? record->answer->address_count : 0,
		.took_us = record->took_us,
	};
	snprintf(to->device, sizeof to->device, "%s", record->device_name);
	snprintf(to->reason, sizeof to->reason, "%s", record->reason);
	dns_name_to_text(record->name, to->name);
	return PF_OK;
}

static int sink_commit(struct sink *sink, char *error, size_t size)
{
	(void)error;
	(void)size;
	struct play_sink *self = (struct play_sink *)sink;
	self->play->record_count += self->uncommitted;
	return PF_OK;
}

static void sink_idle(struct sink *sink, int64_t now_wall_us)
{
	(void)sink;
	(void)now_wall_us;
}

static void sink_close(struct sink **sink)
{
	free(*sink);
	*sink = NULL;
}

static struct sink *sink_new(struct play *play)
{
	struct play_sink *sink = calloc(1, sizeof *sink);
	assert_non_null(sink);
	sink->base = (struct sink){.name = "play",
	                           .begin = sink_begin,
	                           .write = sink_write,
	                           .commit = sink_commit,
	                           .idle = sink_idle,
	                           .close = sink_close};
	sink->play = play;
	return &sink->base;
}

/* ---- the stage --------------------------------------------------------------------------- */

static struct now fake_clock(void *data)
{
	return ((struct play *)data)->now;
}

/* All pipelines of a scenario run in one thread; what one posts to the other waits for play_deliver. */
static void fake_post(struct query *query)
{
	struct play *play = query->pipeline->clock_data;
	query->next = play->mail;
	play->mail = query;
}

void play_deliver(struct play *play)
{
	struct query *query = play->mail;
	play->mail = NULL;
	while (query) {
		struct query *next = query->next;
		pipeline_resume(query);
		query = next;
	}
}

void play_write_file(struct play *play, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", play->folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

void play_reload(struct play *play, const char *yaml)
{
	struct diag diag;
	struct snapshot *built = NULL;
	diag_init(&diag);
	play_write_file(play, "portafilter.yaml", yaml);
	int error = snapshot_build(play->config_path, ++play->epoch, play->now, &diag, &built);
	for (size_t i = 0; i < diag.count; i++) {
		char text[DIAG_TEXT_MAX];
		diag_format(&diag.entries[i], text, sizeof text);
		if (diag.entries[i].level == DIAG_ERROR)
			print_message("%s\n", text);
	}
	diag_deinit(&diag);
	assert_int_equal(error, PF_OK);
	assert_int_equal(book_adopt(play->book, built->config, built->registry, NULL, play->now,
	                            &built->roster),
	                 PF_OK);
	struct snapshot *old = rcu_xchg_pointer(&play->shared.snapshot, built);
	synchronize_rcu();
	snapshot_free(&old);
}

int play_begin(void **state)
{
	(void)state;
	rcu_register_thread();
	return 0;
}

int play_end(void **state)
{
	(void)state;
	rcu_unregister_thread();
	return 0;
}

struct play *play_new(const char *yaml)
{
	struct play *play = calloc(1, sizeof *play);
	assert_non_null(play);
	play->replies = calloc(PLAY_REPLIES_MAX, sizeof *play->replies);
	play->records = calloc(PLAY_RECORDS_MAX, sizeof *play->records);
	assert_true(play->replies && play->records);
	strcpy(play->folder, "/tmp/portafilter-scenario-XXXXXX");
	assert_non_null(mkdtemp(play->folder));
	snprintf(play->config_path, sizeof play->config_path, "%s/portafilter.yaml", play->folder);
	play->now = (struct now){1000000000, START_WALL_US};
	struct shared *shared = &play->shared;
	shared->key = hash_key_random();
	play->book = book_new(shared->key, 0);
	assert_non_null(play->book);
	shared->cache = cache_new(CACHE_BYTES_DEFAULT, shared->key);
	shared->flights = flight_table_new();
	shared->limiter = limiter_new(shared->key);
	struct sink *sink = sink_new(play);
	struct journal_options options = {.sinks = &sink, .sink_count = 1, .ring_count = PLAY_WORKERS};
	shared->journal = journal_start(&options);
	assert_true(shared->cache && shared->flights && shared->limiter && shared->journal);
	if (yaml)
		play_reload(play, yaml);
	for (size_t i = 0; i < PLAY_WORKERS; i++) {
		struct play_worker *worker = &play->workers[i];
		worker->forwarder = (struct forwarder){.ask = fake_ask, .configure = fake_configure};
		worker->play = play;
		worker->index = i;
		assert_int_equal(pipeline_init(&play->pipelines[i], shared, &worker->forwarder, i,
		                               fake_clock, play, fake_post),
		                 PF_OK);
	}
	return play;
}

static void remove_folder(const char *folder)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

void play_free(struct play **play)
{
	struct play *old = *play;
	struct shared *shared = &old->shared;
	assert_null(old->mail);
	/* What nobody waits for is under way still. */
	for (size_t i = 0; i < old->ask_count; i++)
		if (!old->asks[i].answered)
			play_fail(old, i, FORWARD_TIMED_OUT);
	assert_null(old->mail);
	journal_stop(&shared->journal);
	for (size_t i = 0; i < PLAY_WORKERS; i++)
		pipeline_deinit(&old->pipelines[i]);
	rcu_barrier();
	cache_free(&shared->cache);
	flight_table_free(&shared->flights);
	limiter_free(&shared->limiter);
	snapshot_free(&shared->snapshot);
	book_free(&(*play)->book);
	rcu_barrier();
	remove_folder(old->folder);
	free(old->replies);
	free(old->records);
	free(old);
	*play = NULL;
}

void play_advance_ms(struct play *play, int64_t ms)
{
	play->now.mono_us += ms * 1000;
	play->now.wall_us += ms * 1000;
}

void play_settle(struct play *play)
{
	assert_int_equal(journal_flush(play->shared.journal, 10000), PF_OK);
}

/* ---- questions --------------------------------------------------------------------------- */

static void take_reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct play *play = query->transport;
	assert_true(play->reply_count < PLAY_REPLIES_MAX);
	struct play_reply *reply = &play->replies[play->reply_count++];
	addr_format(&query->client.addr, reply->client);
	reply->length = length;
	memcpy(reply->bytes, bytes, length);
}

struct query *play_query_begin(struct play *play, size_t worker, const char *client)
{
	struct query *query = pipeline_query_new(&play->pipelines[worker]);
	assert_non_null(query);
	assert_int_equal(addr_parse(client, &query->client.addr), PF_OK);
	query->client.port = 40000;
	query->protocol = PROTOCOL_UDP;
	query->reply = take_reply;
	query->transport = play;
	return query;
}

void play_packet(struct play *play, size_t worker, const char *client, const uint8_t *packet,
                 size_t length)
{
	struct query *query = play_query_begin(play, worker, client);
	rcu_read_lock();
	pipeline_receive(&play->pipelines[worker], query, packet, length, play->now);
	rcu_read_unlock();
}

size_t play_query(struct play *play, size_t worker, const char *client, const char *name,
                  const char *type)
{
	size_t before = play->reply_count, size;
	uint8_t *wire;
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	assert_non_null(owner);
	ldns_pkt *packet =
		ldns_pkt_query_new(owner, ldns_get_rr_type_by_name(type), LDNS_RR_CLASS_IN, LDNS_RD);
	assert_non_null(packet);
	ldns_pkt_set_id(packet, 4711);
	ldns_pkt_set_edns_udp_size(packet, 1232);
	assert_int_equal(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
	play_packet(play, worker, client, wire, size);
	free(wire);
	ldns_pkt_free(packet);
	return before;
}

/* ---- answers ----------------------------------------------------------------------------- */

static void add_records(ldns_pkt *packet, const char *records)
{
	ldns_pkt_section section = LDNS_SECTION_ANSWER;
	char *text = strdup(records), *rest = text;
	assert_non_null(text);
	for (char *line; (line = strsep(&rest, "\n"));) {
		ldns_rr *rr;
		if (!*line)
			continue;
		if (!strcmp(line, "AUTHORITY")) {
			section = LDNS_SECTION_AUTHORITY;
		} else if (!strcmp(line, "ADDITIONAL")) {
			section = LDNS_SECTION_ADDITIONAL;
		} else {
			assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
			assert_true(ldns_pkt_push_rr(packet, section, rr));
		}
	}
	free(text);
}

void play_answer(struct play *play, size_t index, unsigned rcode, const char *records)
{
	struct play_ask *ask = &play->asks[index];
	char name[NAME_TEXT_MAX];
	uint8_t *wire;
	size_t size;
	assert_true(index < play->ask_count && !ask->answered);
	ask->answered = true;
	dns_name_to_text(&ask->query.name, name);
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str(name), ask->query.type,
	                                      LDNS_RR_CLASS_IN, LDNS_RD | LDNS_QR | LDNS_RA);
	assert_non_null(packet);
	ldns_pkt_set_rcode(packet, (uint8_t)rcode);
	add_records(packet, records);
	assert_int_equal(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
	struct answer *answer = NULL;
	assert_int_equal(answer_from_wire(wire, size, &ask->query, &answer), PF_OK);
	free(wire);
	ask->done(ask->data, &(struct forward_result){FORWARD_ANSWERED, answer, "192.0.2.53:53", NULL});
}

void play_late(struct play *play, size_t index)
{
	struct play_ask *ask = &play->asks[index];
	assert_true(index < play->ask_count && !ask->answered);
	play->workers[ask->worker].forwarder.late(ask->data);
}

void play_fail(struct play *play, size_t index, enum forward_status status)
{
	struct play_ask *ask = &play->asks[index];
	assert_true(index < play->ask_count && !ask->answered);
	ask->answered = true;
	ask->done(ask->data, &(struct forward_result){status, NULL, "", NULL});
}

/* ---- replies ----------------------------------------------------------------------------- */

const struct play_reply *play_reply_to(struct play *play, size_t from, const char *client)
{
	const struct play_reply *found = NULL;
	for (size_t i = from; i < play->reply_count; i++) {
		if (strcmp(play->replies[i].client, client))
			continue;
		assert_null(found);
		found = &play->replies[i];
	}
	assert_non_null(found);
	return found;
}

static ldns_pkt *parse(const struct play_reply *reply)
{
	ldns_pkt *packet = NULL;
	assert_int_equal(ldns_wire2pkt(&packet, reply->bytes, reply->length), LDNS_STATUS_OK);
	return packet;
}

unsigned reply_rcode(const struct play_reply *reply)
{
	ldns_pkt *packet = parse(reply);
	unsigned rcode = ldns_pkt_get_rcode(packet);
	assert_true(ldns_pkt_qr(packet) && ldns_pkt_ra(packet));
	assert_int_equal(ldns_pkt_id(packet), 4711);
	ldns_pkt_free(packet);
	return rcode;
}

unsigned reply_answer_count(const struct play_reply *reply)
{
	ldns_pkt *packet = parse(reply);
	unsigned count = ldns_pkt_ancount(packet);
	ldns_pkt_free(packet);
	return count;
}

const char *reply_addresses(const struct play_reply *reply)
{
	static char text[4096];
	ldns_pkt *packet = parse(reply);
	ldns_rr_list *answers = ldns_pkt_answer(packet);
	text[0] = '\0';
	for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
		ldns_rr *rr = ldns_rr_list_rr(answers, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_A && ldns_rr_get_type(rr) != LDNS_RR_TYPE_AAAA)
			continue;
		char *shown = ldns_rdf2str(ldns_rr_rdf(rr, 0));
		if (*text)
			strcat(text, " ");
		strcat(text, shown);
		free(shown);
	}
	ldns_pkt_free(packet);
	return text;
}

uint32_t reply_ttl(const struct play_reply *reply)
{
	ldns_pkt *packet = parse(reply);
	ldns_rr_list *all = ldns_pkt_answer(packet);
	if (!ldns_rr_list_rr_count(all))
		all = ldns_pkt_authority(packet);
	assert_true(ldns_rr_list_rr_count(all) > 0);
	uint32_t ttl = ldns_rr_ttl(ldns_rr_list_rr(all, 0));
	ldns_pkt_free(packet);
	return ttl;
}

int reply_ede(const struct play_reply *reply, char text[512])
{
	ldns_pkt *packet = parse(reply);
	ldns_rdf *options = ldns_pkt_edns_data(packet);
	int code = -1;
	text[0] = '\0';
	const uint8_t *at = options ? ldns_rdf_data(options) : NULL;
	size_t left = options ? ldns_rdf_size(options) : 0;
	while (left >= 4) {
		size_t length = dns_read16(at + 2);
		assert_true(length + 4 <= left);
		if (dns_read16(at) == 15) {
			assert_true(length >= 2 && length < 510);
			code = dns_read16(at + 4);
			memcpy(text, at + 6, length - 2);
			text[length - 2] = '\0';
		}
		at += 4 + length;
		left -= 4 + length;
	}
	ldns_pkt_free(packet);
	return code;
}

void play_expect_sums(struct play *play)
{
	struct pipeline_counters sum = {0};
	struct journal_stats stats;
	for (size_t i = 0; i < PLAY_WORKERS; i++) {
		const struct pipeline_counters *c = &play->pipelines[i].counters;
		sum.received += c->received;
		sum.malformed += c->malformed;
		sum.refused += c->refused;
		sum.limited += c->limited;
		sum.overloaded += c->overloaded;
		sum.answered += c->answered;
		sum.in_flight += c->in_flight;
		sum.journal_dropped += c->journal_dropped;
		for (size_t a = 0; a < 3; a++)
			sum.actions[a] += c->actions[a];
		for (size_t s = 0; s < 4; s++)
			sum.sources[s] += c->sources[s];
	}
	play_settle(play);
	journal_stats(play->shared.journal, &stats);
	assert_int_equal(sum.received, sum.malformed + sum.refused + sum.limited + sum.overloaded +
	                                   sum.answered + sum.in_flight);
	assert_int_equal(sum.answered, sum.actions[0] + sum.actions[1] + sum.actions[2]);
	assert_int_equal(sum.answered,
	                 sum.sources[0] + sum.sources[1] + sum.sources[2] + sum.sources[3]);
	assert_int_equal(sum.answered, stats.journalled + sum.journal_dropped);
	assert_int_equal(stats.journalled, play->record_count);
}
