/* The shards: each has a table, a lock for those who change it, its part of the budget, and a clock: a hand that goes round its table.
 * What is taken out is given up together with others when all readers of then have gone. */
#include "cache/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache/slots.h"
#include "cache/sources.h"

#define CACHE_LINE_BYTES 64
#define ENTRY_SHARE 8     /* one entry takes at most this part of its shard */
#define HAND_STEPS_MAX 64 /* that the hand passes by for one who wants room */
#define LOOKS_MAX 4       /* again, when entries have moved meanwhile; a miss is no fault */

#define MARK_USED 1 /* looked up since the hand came by */
#define MARK_OVER 2 /* no answer any more, but could not be taken out */

/* Entries that have been taken out. Closed when it is full, or holds much: to wait for all readers takes a thread and a barrier on all
 * cores, however few are waited for. */
#define GRAVE_ENTRIES 125
#define GRAVE_BYTES 65536
struct grave {
	struct rcu_head rcu;
	size_t count, bytes;
	struct cache_entry *entries[GRAVE_ENTRIES];
};

struct shard {
	pthread_mutex_t lock;
	size_t bytes, bytes_max; /* of the entries and the table */
	size_t hand;             /* where in the table it looks next */
	struct grave *grave;     /* open, or NULL */
	atomic_uint moves;       /* slots_remove's */
	uint64_t inserted, evicted;
} __attribute__((aligned(64)));

struct cache {
	struct hash_key seed;
	atomic_int_least64_t stale_us;
	struct slots
		*tables[CACHE_SHARD_COUNT]; /* RCU; apart from what those write who insert. NULL: empty */
	struct sources sources;
	struct shard shards[CACHE_SHARD_COUNT];
};

struct cache *cache_new(size_t bytes_max, struct hash_key seed)
{
	struct cache *cache = aligned_alloc(64, (sizeof *cache + 63) / 64 * 64);
	if (!cache)
		return NULL;
	memset(cache, 0, sizeof *cache);
	cache->seed = seed;
	sources_init(&cache->sources);
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		cache->shards[i].bytes_max = bytes_max / CACHE_SHARD_COUNT;
	}
	return cache;
}

static void empty(struct grave *grave)
{
	for (size_t i = 0; i < grave->count; i++)
		cache_entry_unref(grave->entries[i]);
	free(grave);
}

void cache_free(struct cache **cache)
{
	struct cache *old = *cache;
	if (!old)
		return;
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		struct slots *table = old->tables[i];
		for (size_t at = 0; table && at < table->size; at++) {
			uint64_t slot = slots_load(table, at);
			if (slot)
				cache_entry_unref(slots_entry(slot));
		}
		free(table);
		if (old->shards[i].grave)
			empty(old->shards[i].grave);
		pthread_mutex_destroy(&old->shards[i].lock);
	}
	sources_deinit(&old->sources);
	free(old);
	*cache = NULL;
}

struct sources *cache_sources(struct cache *cache)
{
	return &cache->sources;
}

const char *cache_source(const struct cache *cache, uint16_t number)
{
	return cache->sources.texts[number];
}

/* ---- looking up -------------------------------------------------------------------------- */

/* The table of a hash, or NULL. */
static inline struct slots *table_of(struct cache *cache, uint64_t hash)
{
	return rcu_dereference(cache->tables[hash % CACHE_SHARD_COUNT]);
}

/* Nothing was found: is it because entries were on the move? */
static struct cache_entry *look_again(struct cache *cache, const struct cache_ask *ask)
{
	atomic_uint *moves = &cache->shards[ask->hash % CACHE_SHARD_COUNT].moves;
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		struct cache_entry *entry;
		unsigned before = atomic_load_explicit(moves, memory_order_acquire);
		const struct slots *table = table_of(cache, ask->hash);
		if (table && slots_find(table, ask, &entry) != SLOTS_NOT_FOUND)
			return entry;
		if (before % 2 == 0 && atomic_load_explicit(moves, memory_order_acquire) == before)
			return NULL;
	}
	return NULL;
}

/* The entry of this question that was good at `since_us` or is still, or NULL. */
static inline struct cache_entry *look_up(struct cache *cache, const struct cache_ask *ask,
                                          int64_t since_us)
{
	struct cache_entry *entry = NULL;
	const struct slots *table = table_of(cache, ask->hash);
	if (!table)
		return NULL;
	if (slots_find(table, ask, &entry) == SLOTS_NOT_FOUND)
		entry = look_again(cache, ask);
	if (!entry || cache_entry_expires_us(entry) <= since_us)
		return NULL;
	/* Written once for each round of the hand, not for each hit: other cores read this line. */
	unsigned mark = atomic_load_explicit(&entry->mark, memory_order_relaxed);
	if (mark & MARK_OVER)
		return NULL;
	if (!mark)
		atomic_fetch_or_explicit(&entry->mark, MARK_USED, memory_order_relaxed);
	return entry;
}

static inline void fetch(const void *bytes, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		__builtin_prefetch((const char *)bytes + i * CACHE_LINE_BYTES);
}

/* Each loop reads what the one before has asked memory for. Most entries are small. */
void cache_expect(struct cache *cache, const uint64_t hashes[], size_t count)
{
	assert(count <= CACHE_EXPECT_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct slots *table = table_of(cache, hashes[i]);
		if (table)
			fetch(&table->slots[slots_place(table, slots_tag(hashes[i]))], 1);
	}
	for (size_t i = 0; i < count; i++) {
		const struct slots *table = table_of(cache, hashes[i]);
		uint64_t slot = 1, tag = slots_tag(hashes[i]);
		for (size_t at = table ? slots_place(table, tag) : 0; table && slot;
		     at = slots_next(table, at)) {
			slot = slots_load(table, at);
			if (slot && slot >> SLOTS_ADDRESS_BITS == tag) {
				fetch(slots_entry(slot), 3);
				break;
			}
		}
	}
}

struct cache_entry *cache_lookup(struct cache *cache, const struct cache_key *key, struct now now)
{
	const struct cache_ask ask = cache_ask_of(cache->seed, key);
	return cache_find(cache, &ask, now);
}

struct cache_entry *cache_find(struct cache *cache, const struct cache_ask *ask, struct now now)
{
	return look_up(cache, ask, now.mono_us);
}

/* Before this moment an answer must have ended to be of no use at all. */
static int64_t useless_since(struct cache *cache, struct now now)
{
	return now.mono_us - atomic_load_explicit(&cache->stale_us, memory_order_relaxed);
}

struct cache_entry *cache_lookup_stale(struct cache *cache, const struct cache_key *key,
                                       struct now now)
{
	const struct cache_ask ask = cache_ask_of(cache->seed, key);
	return cache_find_stale(cache, &ask, now);
}

struct cache_entry *cache_find_stale(struct cache *cache, const struct cache_ask *ask,
                                     struct now now)
{
	return look_up(cache, ask, useless_since(cache, now));
}

void cache_keep_stale(struct cache *cache, int64_t stale_us)
{
	atomic_store_explicit(&cache->stale_us, stale_us, memory_order_relaxed);
}

/* ---- taking out -------------------------------------------------------------------------- */

/* A shard that is changed: its lock is held. */
struct held {
	struct cache *cache;
	struct shard *shard;
	struct slots **table; /* that of `tables` */
	struct now now;
};

static struct held hold(struct cache *cache, uint64_t hash, struct now now)
{
	size_t number = hash % CACHE_SHARD_COUNT;
	struct held held = {cache, &cache->shards[number], &cache->tables[number], now};
	pthread_mutex_lock(&held.shard->lock);
	return held;
}

static void release(struct held *held)
{
	pthread_mutex_unlock(&held->shard->lock);
}

static void on_grace(struct rcu_head *head)
{
	empty((struct grave *)((char *)head - offsetof(struct grave, rcu)));
}

/* False: no memory, so nothing can be taken out. */
static bool has_grave(struct shard *shard)
{
	if (!shard->grave)
		shard->grave = malloc(sizeof *shard->grave);
	else
		return true;
	if (shard->grave)
		shard->grave->count = shard->grave->bytes = 0;
	return shard->grave != NULL;
}

/* Gives a reference up when all who may read the entry have gone. There is a grave. */
static void bury(struct shard *shard, struct cache_entry *entry)
{
	struct grave *grave = shard->grave;
	grave->entries[grave->count++] = entry;
	grave->bytes += cache_entry_bytes(entry);
	if (grave->count < GRAVE_ENTRIES && grave->bytes < GRAVE_BYTES)
		return;
	shard->grave = NULL;
	call_rcu(&grave->rcu, on_grace);
}

static void take_out(struct held *held, size_t at)
{
	struct cache_entry *entry = slots_entry(slots_load(*held->table, at));
	held->shard->bytes -= cache_entry_bytes(entry);
	slots_remove(*held->table, at, &held->shard->moves);
	bury(held->shard, entry);
}

/* Moves the hand until something has gone: those that are of no use any more at once, others when nobody has looked them
 * up since the hand came by. Behind so many that are busy it takes what it finds. False: there is nothing, or no memory. */
static bool evict_one(struct held *held)
{
	struct shard *shard = held->shard;
	struct slots *table = *held->table;
	if (!table || !table->count || !has_grave(shard))
		return false;
	for (size_t steps = 0;; shard->hand++) {
		if (shard->hand >= table->size)
			shard->hand = 0;
		uint64_t slot = slots_load(table, shard->hand);
		if (!slot)
			continue;
		struct cache_entry *entry = slots_entry(slot);
		unsigned mark = atomic_exchange_explicit(&entry->mark, 0, memory_order_relaxed);
		if (mark != MARK_USED || steps++ == HAND_STEPS_MAX ||
		    cache_entry_expires_us(entry) <= useless_since(held->cache, held->now))
			break;
	}
	take_out(held, shard->hand);
	shard->evicted++;
	return true;
}

/* ---- putting in -------------------------------------------------------------------------- */

/* Where the entry of this question is, or SLOTS_NOT_FOUND. */
static size_t find(const struct held *held, const struct cache_ask *ask, struct cache_entry **entry)
{
	*entry = NULL;
	return *held->table ? slots_find(*held->table, ask, entry) : SLOTS_NOT_FOUND;
}

static void free_table(struct rcu_head *head)
{
	free((char *)head - offsetof(struct slots, rcu));
}

/* How much more the table would take with another question in it. */
static size_t growth(const struct held *held)
{
	const struct slots *table = *held->table;
	size_t before = table ? slots_bytes(table->size) : 0, size = slots_size_for_more(table);
	return size ? slots_bytes(size) - before : 0;
}

/* False: there is no place for another question, nor memory. */
static bool grow(struct held *held)
{
	struct slots *old = *held->table;
	size_t more = growth(held);
	if (!more)
		return true;
	struct slots *table = slots_grown(old, slots_size_for_more(old));
	if (!table)
		return old && old->count + 1 < old->size;
	if (old)
		held->shard->hand = held->shard->hand * table->size / old->size;
	held->shard->bytes += more;
	rcu_assign_pointer(*held->table, table);
	if (old)
		call_rcu(&old->rcu, free_table);
	return true;
}

/* Puts an entry in, in the place of an older one if there is one that may be replaced (NULL: any). What is in the way goes. False: it is not in. */
static bool put_in(struct held *held, const struct cache_ask *ask, struct cache_entry *entry,
                   const struct cache_entry *only)
{
	struct shard *shard = held->shard;
	const size_t bytes = cache_entry_bytes(entry);
	if (bytes > shard->bytes_max / ENTRY_SHARE || !slots_can_hold(entry))
		return false;
	for (;;) {
		struct cache_entry *old;
		size_t at = find(held, ask, &old);
		if (only && only != old)
			return false;
		const size_t more = old ? bytes - cache_entry_bytes(old) : bytes; /* may be less than 0 */
		const bool full = !old && !slots_size_for_more(*held->table);
		if (full || shard->bytes + more + (old ? 0 : growth(held)) > shard->bytes_max) {
			if (!evict_one(held))
				return false;
			continue;
		}
		if (old ? !has_grave(shard) : !grow(held))
			return false;
		shard->bytes += more;
		if (!old) {
			slots_put(*held->table, ask->hash, entry);
			return true;
		}
		slots_replace(*held->table, at, entry);
		bury(shard, old);
		return true;
	}
}

void cache_insert(struct cache *cache, struct cache_entry *entry, struct now now)
{
	struct cache_key key;
	cache_entry_key(entry, &key);
	const struct cache_ask ask = cache_ask_of(cache->seed, &key);
	struct held held = hold(cache, ask.hash, now);
	if (entry->ttl && put_in(&held, &ask, entry, NULL)) {
		cache_entry_ref(entry);
		held.shard->inserted++;
	} else {
		struct cache_entry *old;
		size_t at = find(&held, &ask, &old);
		if (old && has_grave(held.shard))
			take_out(&held, at);
		else if (old)
			atomic_fetch_or_explicit(&old->mark, MARK_OVER, memory_order_relaxed);
	}
	release(&held);
}

bool cache_replace(struct cache *cache, struct cache_entry *old, struct cache_entry *entry,
                   struct now now)
{
	struct cache_key key;
	cache_entry_key(entry, &key);
	const struct cache_ask ask = cache_ask_of(cache->seed, &key);
	struct held held = hold(cache, ask.hash, now);
	bool kept = put_in(&held, &ask, entry, old);
	if (!kept && has_grave(held.shard)) {
		bury(held.shard, entry);
		kept = true;
	}
	release(&held);
	if (!kept)
		cache_entry_unref(entry);
	return kept;
}

/* ---- all of them ------------------------------------------------------------------------- */

#define SLOTS_AT_A_TIME 256 /* read under one lock of RCU, some tens of microseconds */

/* Those whose tags are at least `from` and below `to`, wherever they are: so the table may have grown since the last ones. */
static bool see_range(const struct slots *table, uint64_t from, uint64_t to, struct now now,
                      bool (*see)(void *data, const struct cache_entry *entry), void *data)
{
	const size_t first = slots_place(table, from), last = slots_place(table, to - 1);
	for (size_t i = 0, at = first; i < table->size; i++, at = slots_next(table, at)) {
		uint64_t slot = slots_load(table, at), tag = slot >> SLOTS_ADDRESS_BITS;
		if (!slot && i > last - first)
			break;
		if (!slot || tag < from || tag >= to)
			continue;
		const struct cache_entry *entry = slots_entry(slot);
		if (cache_entry_expires_us(entry) > now.mono_us && !see(data, entry))
			return false;
	}
	return true;
}

void cache_each(struct cache *cache, struct now now,
                bool (*see)(void *data, const struct cache_entry *entry), void *data)
{
	bool go_on = true;
	for (size_t i = 0; i < CACHE_SHARD_COUNT && go_on; i++) {
		for (uint64_t tag = 0, step; tag < SLOTS_MAX && go_on; tag += step) {
			rcu_read_lock();
			const struct slots *table = rcu_dereference(cache->tables[i]);
			step = SLOTS_MAX;
			if (table && table->size > SLOTS_AT_A_TIME)
				step = (uint64_t)SLOTS_AT_A_TIME * SLOTS_MAX / table->size;
			uint64_t end = tag + step < SLOTS_MAX ? tag + step : SLOTS_MAX;
			if (table)
				go_on = see_range(table, tag, end, now, see, data);
			rcu_read_unlock();
		}
	}
}

void cache_stats(struct cache *cache, struct cache_stats *stats)
{
	*stats = (struct cache_stats){0};
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		struct shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		const struct slots *table = cache->tables[i];
		stats->entries += table ? table->count : 0;
		stats->table_bytes += table ? slots_bytes(table->size) : 0;
		stats->bytes += shard->bytes;
		stats->bytes_max += shard->bytes_max;
		stats->inserted += shard->inserted;
		stats->evicted += shard->evicted;
		pthread_mutex_unlock(&shard->lock);
	}
}
