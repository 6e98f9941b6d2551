/* A token bucket for each client prefix, see limiter.h.
 *
 * A bucket is one word, changed by compare-and-swap:
 *
 *   | tag: 12 bits of the hash | parts: 28 | when it was last refilled: 24 bits of 62.5 ms |
 *
 * A token has as many parts as a minute has ticks, so that each tick adds `queries` parts and nothing is rounded. The time is less than one wrap of 12 days old, or the bucket is full anyway: what is taken for the age is then too
 * little, and a client waits for what it would have had. A tag of 0 means that nobody has the place. */
#include "pipeline/limiter.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US 62500
#define TOKEN_PARTS (60000000 / TICK_US) /* 960 */
#define TIME_BITS 24
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define PARTS_BITS 28
#define PARTS_MASK ((UINT64_C(1) << PARTS_BITS) - 1)
#define TAG_SHIFT (TIME_BITS + PARTS_BITS)
#define TRIES_MAX \
	8 /* of a compare-and-swap; who loses them all passes, as nobody should wait here */

_Static_assert(CONFIG_RATE_LIMIT_MAX *TOKEN_PARTS < PARTS_MASK, "a full bucket fits");

struct limiter {
	struct hash_key key;
	_Atomic uint64_t buckets[LIMITER_SETS][LIMITER_WAYS];
};

struct limiter *limiter_new(struct hash_key key)
{
	struct limiter *limiter = calloc(1, sizeof *limiter);
	if (limiter)
		limiter->key = key;
	return limiter;
}

void limiter_free(struct limiter **limiter)
{
	free(*limiter);
	*limiter = NULL;
}

static uint64_t bucket(uint64_t tag, uint64_t parts, uint64_t tick)
{
	return tag << TAG_SHIFT | parts << TIME_BITS | (tick & TIME_MASK);
}

/* The parts of tokens that a bucket has now. */
static uint64_t parts_now(uint64_t word, uint64_t queries, uint64_t tick)
{
	uint64_t parts = word >> TIME_BITS & PARTS_MASK;
	uint64_t age = (tick - word) & TIME_MASK;
	return parts + age * queries < queries * TOKEN_PARTS ? parts + age * queries
	                                                     : queries * TOKEN_PARTS;
}

/* The place of a tag in its set; its own, else the one that says least: nobody's, or with the most tokens. */
static _Atomic uint64_t *place_of(_Atomic uint64_t *set, uint64_t tag, uint64_t queries,
                                  uint64_t tick, uint64_t *word)
{
	_Atomic uint64_t *best = NULL;
	uint64_t best_parts = 0;
	for (size_t i = 0; i < LIMITER_WAYS; i++) {
		uint64_t one = atomic_load_explicit(&set[i], memory_order_relaxed);
		if (one >> TAG_SHIFT == tag) {
			*word = one;
			return &set[i];
		}
		uint64_t parts = one ? parts_now(one, queries, tick) : PARTS_MASK;
		if (!best || parts > best_parts) {
			best = &set[i];
			best_parts = parts;
			*word = one;
		}
	}
	return best;
}

/* Takes up to `wanted` tokens out of a client's bucket; how many there were. */
static unsigned borrow(struct limiter *limiter, uint64_t client, uint64_t queries, unsigned wanted,
                       int64_t mono_us)
{
	_Atomic uint64_t *set = limiter->buckets[client & (LIMITER_SETS - 1)];
	uint64_t tick = (uint64_t)mono_us / TICK_US, tag = client >> TAG_SHIFT;
	tag = tag ? tag : 1;
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		uint64_t word = 0;
		_Atomic uint64_t *place = place_of(set, tag, queries, tick, &word);
		uint64_t parts =
			word >> TAG_SHIFT == tag ? parts_now(word, queries, tick) : queries * TOKEN_PARTS;
		uint64_t taken = parts / TOKEN_PARTS < wanted ? parts / TOKEN_PARTS : wanted;
		if (!taken)
			return 0;
		if (atomic_compare_exchange_strong_explicit(place, &word,
		                                            bucket(tag, parts - taken * TOKEN_PARTS, tick),
		                                            memory_order_relaxed, memory_order_relaxed))
			return (unsigned)taken;
	}
	return 1;
}

bool limiter_exempts(const struct config_rate_limit *limit, const struct addr *client)
{
	if (!limit->queries)
		return true;
	return any_prefix_contains(limit->exempt, limit->exempt_count, client);
}

static uint64_t hash_of(struct hash_key key, const struct config_rate_limit *limit,
                        const struct addr *client, bool udp)
{
	struct addr prefix = *client;
	unsigned length = client->family == 4 ? limit->ipv4 : limit->ipv6;
	unsigned whole = length / 8;
	if (whole < sizeof prefix.bytes) {
		prefix.bytes[whole] &= (uint8_t)(0xff00 >> length % 8);
		memset(prefix.bytes + whole + 1, 0, sizeof prefix.bytes - whole - 1);
	}
	prefix.family |= udp ? 0x80 : 0;
	return hash_bytes(key, &prefix, sizeof prefix);
}

enum limiter_answer limiter_ask(struct limiter *limiter, struct limiter_loans *loans,
                                const struct config_rate_limit *limit, uint32_t epoch,
                                const struct addr *client, bool udp, int64_t mono_us)
{
	uint64_t hash = hash_of(limiter->key, limit, client, udp);
	struct limiter_loan *loan = &loans->loans[hash >> 20 & (LIMITER_LOANS - 1)];
	if (loan->client != hash || loan->epoch != epoch)
		*loan = (struct limiter_loan){.client = hash, .epoch = epoch};
	if (!loan->tokens) {
		/* Of a small limit no worker takes a large part for itself. */
		unsigned wanted = limit->queries / 64;
		wanted = wanted < 1 ? 1 : wanted > LIMITER_LOAN_MAX ? LIMITER_LOAN_MAX : wanted;
		loan->tokens = (uint16_t)borrow(limiter, hash, limit->queries, wanted, mono_us);
	}
	if (loan->tokens) {
		loan->tokens--;
		return LIMITER_PASS;
	}
	if (!udp || !limit->slip || ++loan->refused < limit->slip)
		return LIMITER_DROP;
	loan->refused = 0;
	return LIMITER_SLIP;
}

int limiter_wait(const struct limiter *limiter, struct limiter_loans *loans,
                 const struct config_rate_limit *limit, const struct addr *client)
{
	if (limiter_exempts(limit, client))
		return 0;
	int place = 1 + (int)(hash_of(limiter->key, limit, client, true) & (LIMITER_WAITING - 1));
	if (loans->waiting[place - 1] >= limit->waiting)
		return -1;
	loans->waiting[place - 1]++;
	return place;
}

void limiter_waited(struct limiter_loans *loans, int place)
{
	if (place > 0)
		loans->waiting[place - 1]--;
}
