/* Questions that wait, by a hash of the two ends and the id, and in the order in which they came. */
#include "capture/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dns/answer.h"

#define BUCKET_COUNT 65536
#define WALL_MAX_US (INT64_C(253402300799) * 1000000) /* the end of the year 9999 */
#define OPCODE_QUERY 0
#define SAME_MAX 16 /* a client repeats a question three to six times */

struct waiting {
	struct waiting *next; /* in the bucket, the oldest first */
	struct waiting *older, *newer;
	uint64_t hash;
	struct capture_message message; /* its bytes stand behind */
	struct dns_query query;
	uint8_t bytes[];
};

struct pairs {
	struct capture_counts *counts;
	void (*take)(void *data, const struct capture_pair *pair);
	void *data;
	struct hash_key key;
	struct waiting *buckets[BUCKET_COUNT];
	struct waiting *oldest, *newest;
	size_t count;
};

struct pairs *pairs_new(struct capture_counts *counts,
                        void (*take)(void *data, const struct capture_pair *pair), void *data)
{
	struct pairs *pairs = calloc(1, sizeof *pairs);
	if (!pairs)
		return NULL;
	pairs->counts = counts;
	pairs->take = take;
	pairs->data = data;
	pairs->key = hash_key_random();
	return pairs;
}

/* ---- who waits --------------------------------------------------------------------------- */

static uint64_t hash_of(const struct pairs *pairs, const struct capture_message *message)
{
	uint8_t key[2 * 16 + 2 * 2 + 2 + 1];
	memcpy(key, message->client.addr.bytes, 16);
	memcpy(key + 16, message->server.addr.bytes, 16);
	dns_write16(key + 32, message->client.port);
	dns_write16(key + 34, message->server.port);
	memcpy(key + 36, message->bytes, 2); /* the id */
	key[38] = message->tcp;
	return hash_bytes(pairs->key, key, sizeof key);
}

static void unlink_waiting(struct pairs *pairs, struct waiting *waiting)
{
	struct waiting **at = &pairs->buckets[waiting->hash % BUCKET_COUNT];
	while (*at != waiting)
		at = &(*at)->next;
	*at = waiting->next;
	*(waiting->older ? &waiting->older->newer : &pairs->oldest) = waiting->newer;
	*(waiting->newer ? &waiting->newer->older : &pairs->newest) = waiting->older;
	pairs->count--;
}

/* Its one end. */
static void finish(struct pairs *pairs, struct waiting *waiting,
                   const struct capture_message *answer)
{
	const struct capture_pair pair = {&waiting->message, &waiting->query, answer};
	unlink_waiting(pairs, waiting);
	++*(answer ? &pairs->counts->paired : &pairs->counts->unanswered);
	pairs->take(pairs->data, &pair);
	free(waiting);
}

/* Those whose time has passed. Between captures that have nothing to do with each other the clock goes back. */
static void expire(struct pairs *pairs, int64_t wall_us)
{
	while (pairs->oldest) {
		int64_t age_us = wall_us - pairs->oldest->message.wall_us;
		if (age_us >= -PAIRS_WAIT_US && age_us <= PAIRS_WAIT_US && pairs->count < PAIRS_WAITING_MAX)
			break;
		finish(pairs, pairs->oldest, NULL);
	}
}

void pairs_end(struct pairs *pairs)
{
	while (pairs->oldest)
		finish(pairs, pairs->oldest, NULL);
}

void pairs_free(struct pairs **pairs)
{
	if (!*pairs)
		return;
	while ((*pairs)->oldest) {
		struct waiting *waiting = (*pairs)->oldest;
		unlink_waiting(*pairs, waiting);
		free(waiting);
	}
	free(*pairs);
	*pairs = NULL;
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Of one client, id and port: an endless row of the same must not make each look-up longer. */
static void make_room(struct pairs *pairs, uint64_t hash)
{
	struct waiting *first = NULL;
	size_t count = 0;
	for (struct waiting *one = pairs->buckets[hash % BUCKET_COUNT]; one; one = one->next) {
		if (one->hash != hash)
			continue;
		first = first ? first : one;
		count++;
	}
	if (count >= SAME_MAX)
		finish(pairs, first, NULL);
}

static void take_question(struct pairs *pairs, const struct capture_message *message)
{
	struct waiting *waiting = malloc(sizeof *waiting + message->length);
	enum query_parse parsed =
		waiting ? dns_query_parse(message->bytes, message->length, &waiting->query) : QUERY_FORMERR;
	if (parsed == QUERY_NOTIMP)
		pairs->counts->opcode_questions++;
	else if (parsed != QUERY_OK)
		pairs->counts->damaged[DAMAGE_QUESTION]++;
	if (parsed != QUERY_OK) {
		free(waiting);
		return;
	}
	waiting->message = *message;
	waiting->message.bytes = memcpy(waiting->bytes, message->bytes, message->length);
	waiting->hash = hash_of(pairs, message);
	waiting->next = NULL;
	make_room(pairs, waiting->hash);
	struct waiting **at = &pairs->buckets[waiting->hash % BUCKET_COUNT];
	while (*at)
		at = &(*at)->next;
	*at = waiting;
	waiting->newer = NULL;
	waiting->older = pairs->newest;
	*(pairs->newest ? &pairs->newest->newer : &pairs->oldest) = waiting;
	pairs->newest = waiting;
	pairs->count++;
}

static bool same_ends(const struct capture_message *a, const struct capture_message *b)
{
	return a->tcp == b->tcp && a->client.port == b->client.port &&
	       a->server.port == b->server.port && addr_equal(&a->client.addr, &b->client.addr) &&
	       addr_equal(&a->server.addr, &b->server.addr);
}

static struct waiting *find(struct pairs *pairs, const struct capture_message *answer)
{
	uint64_t hash = hash_of(pairs, answer);
	for (struct waiting *waiting = pairs->buckets[hash % BUCKET_COUNT]; waiting;
	     waiting = waiting->next) {
		if (waiting->hash != hash || !same_ends(&waiting->message, answer))
			continue;
		enum answer_match match =
			answer_match(answer->bytes, answer->length, &waiting->query, waiting->query.id);
		if (match == ANSWER_MATCHES || match == ANSWER_TRUNCATED)
			return waiting;
	}
	return NULL;
}

static void take_answer(struct pairs *pairs, const struct capture_message *message)
{
	struct waiting *waiting = find(pairs, message);
	if (!waiting && message->question && message->question_length >= DNS_HEADER_BYTES &&
	    message->question_length <= DNS_MESSAGE_MAX) {
		struct capture_message question = *message;
		question.bytes = message->question;
		question.length = message->question_length;
		question.question = NULL;
		pairs->counts->questions++;
		take_question(pairs, &question);
		waiting = find(pairs, message);
	}
	if (!waiting) {
		pairs->counts->unasked++;
		return;
	}
	pairs->counts->truncated += message->bytes[2] >> 1 & 1;
	finish(pairs, waiting, message);
}

void pairs_take(void *data, const struct capture_message *message, bool is_answer)
{
	struct pairs *pairs = data;
	unsigned opcode = message->bytes[2] >> 3 & 15;
	if (message->wall_us < 0 || message->wall_us > WALL_MAX_US) {
		pairs->counts->damaged[DAMAGE_CLOCK]++;
		return;
	}
	expire(pairs, message->wall_us);
	if (!is_answer)
		take_question(pairs, message);
	else if (opcode != OPCODE_QUERY)
		pairs->counts->opcode_answers++;
	else
		take_answer(pairs, message);
}
