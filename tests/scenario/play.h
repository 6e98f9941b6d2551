/* A stage for scenarios: the whole pipeline with real lists, rules, cache and journal writer, but
 * with a clock that stands still until it is told, upstreams that answer when the scenario says, and no
 * sockets. Everything that fails ends the test. */
#ifndef PF_TESTS_SCENARIO_PLAY_H
#define PF_TESTS_SCENARIO_PLAY_H

#include "device/book.h"
#include "pipeline/pipeline.h"

#define PLAY_WORKERS 2
#define PLAY_ASKS_MAX 512
#define PLAY_REPLIES_MAX 512
#define PLAY_RECORDS_MAX 4096

/* A question that went upstream and waits there. */
struct play_ask {
	struct dns_query query;
	forward_done done;
	void *data;
	bool answered;
	size_t worker;
	uint64_t group; /* of upstreams: 0 is the default one */
};

struct play_reply {
	char client[ADDR_TEXT_MAX];
	size_t length; /* 0: dropped */
	uint8_t bytes[DNS_MESSAGE_MAX];
};

/* A record as the sink saw it. */
struct play_record {
	char device[DEVICE_NAME_MAX], name[NAME_TEXT_MAX], reason[RECORD_REASON_MAX];
	enum action action;
	enum record_source source;
	uint16_t type, rule;
	uint8_t rcode, standing, confidence;
	bool dropped_reply, has_answer;
	uint64_t answer_id;
	size_t address_count;
	uint32_t took_us;
};

struct play {
	char folder[64], config_path[128];
	struct shared shared;
	struct book *book; /* who is who, as far as the configuration says it */
	struct play_worker {
		struct forwarder forwarder;
		struct play *play;
		size_t index;
		struct addr_port upstream;
		size_t upstream_count;
	} workers[PLAY_WORKERS];
	struct pipeline pipelines[PLAY_WORKERS];
	struct query *mail; /* posted to the other worker, not yet taken */
	struct now now;
	uint32_t epoch;
	bool refuse_asks; /* the forwarder is full */

	size_t ask_count;
	struct play_ask asks[PLAY_ASKS_MAX];
	size_t reply_count;
	struct play_reply *replies;
	size_t record_count;
	struct play_record *records;
	bool sink_fails;
};

/* Set-up and tear-down of a group of scenarios: the test's thread reads under RCU. */
int play_begin(void **state);
int play_end(void **state);

/* Starts with this configuration ("upstreams" and "journal" need not be in it). */
struct play *play_new(const char *yaml);
void play_free(struct play **play);

/* A new configuration, as SIGHUP would bring it. */
void play_reload(struct play *play, const char *yaml);
/* A file in the scenario's folder, for lists. */
void play_write_file(struct play *play, const char *name, const char *text);

void play_advance_ms(struct play *play, int64_t ms);

/* A device asks. `worker` is where the packet lands. Returns the index of the reply that is there now or will
 * be the next: reply_count before the call. */
size_t play_query(struct play *play, size_t worker, const char *client, const char *name,
                  const char *type);
/* A query of a device as a transport begins it, for a batch. */
struct query *play_query_begin(struct play *play, size_t worker, const char *client);
/* The same with the message given. */
void play_packet(struct play *play, size_t worker, const char *client, const uint8_t *packet,
                 size_t length);

/* What upstream answers to ask `index`: records as text, one a line ("a.example. 60 IN A 192.0.2.1"), with "AUTHORITY" and
 * "ADDITIONAL" on lines of their own before the records of these sections. Rcode as a number. */
void play_answer(struct play *play, size_t index, unsigned rcode, const char *records);
void play_fail(struct play *play, size_t index, enum forward_status status);
/* It has been under way for so long that those who wait are told. */
void play_late(struct play *play, size_t index);
/* Lets queries that were posted between workers arrive. */
void play_deliver(struct play *play);

/* Waits until the journal's writer has seen all that was put, then the records are in play->records. */
void play_settle(struct play *play);

/* Every counter must add up at every quiet moment. Settles. */
void play_expect_sums(struct play *play);

/* The one reply to a client since index `from`; fails when there is none or more than one. */
const struct play_reply *play_reply_to(struct play *play, size_t from, const char *client);
unsigned reply_rcode(const struct play_reply *reply);
unsigned reply_answer_count(const struct play_reply *reply);
/* The addresses of its answer section, in order, divided by blanks. */
const char *reply_addresses(const struct play_reply *reply);
/* The TTL of its first record. */
uint32_t reply_ttl(const struct play_reply *reply);
/* The extended error: code, and text in `text`; -1 without one. */
int reply_ede(const struct play_reply *reply, char text[512]);

#endif
