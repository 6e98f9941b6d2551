/* The table: buckets of RCU lists, cut into shards for those who insert. Each shard has its part of the
 * budget and a clock: a ring of its entries and a hand that goes round. */
#include "cache/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache/sources.h"

#define ENTRY_BYTES_TYPICAL 256 /* for the number of buckets */
#define CACHE_LINE_BYTES 64
#define ENTRY_SHARE 8 /* one entry takes at most this part of its shard */

struct shard {
	pthread_mutex_t lock;
	size_t count, bytes, bytes_max;
	struct cache_entry *hand; /* the entry that it looks at next; behind it stands the newest */
	uint64_t inserted, evicted;
} __attribute__((aligned(64)));

struct cache {
	struct hash_key seed;
	atomic_int_least64_t stale_us;
	struct sources sources;
	size_t bucket_mask;
	struct cache_entry **buckets; /* a shard owns the buckets whose low bits are its number */
	struct shard shards[CACHE_SHARD_COUNT];
};

static size_t power_of_two(size_t least)
{
	size_t size = CACHE_SHARD_COUNT;
	while (size < least)
		size *= 2;
	return size;
}

struct cache *cache_new(size_t bytes_max, struct hash_key seed)
{
	struct cache *cache = aligned_alloc(64, (sizeof *cache + 63) / 64 * 64);
	if (!cache)
		return NULL;
	memset(cache, 0, sizeof *cache);
	size_t bucket_count = power_of_two(bytes_max / ENTRY_BYTES_TYPICAL);
	cache->seed = seed;
	sources_init(&cache->sources);
	cache->bucket_mask = bucket_count - 1;
	cache->buckets = calloc(bucket_count, sizeof(struct cache_entry *));
	if (!cache->buckets) {
		sources_deinit(&cache->sources);
		free(cache);
		return NULL;
	}
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		cache->shards[i].bytes_max = bytes_max / CACHE_SHARD_COUNT;
	}
	return cache;
}

struct sources *cache_sources(struct cache *cache)
{
	return &cache->sources;
}

const char *cache_source(const struct cache *cache, uint16_t number)
{
	return cache->sources.texts[number];
}

/* The newest stands just behind the hand, so it is the last that the hand comes to. */
static void ring_add(struct shard *shard, struct cache_entry *entry)
{
	struct cache_entry *hand = shard->hand ? shard->hand : entry;
	entry->ring_next = hand;
	entry->ring_prev = hand == entry ? entry : hand->ring_prev;
	entry->ring_prev->ring_next = entry;
	hand->ring_prev = entry;
	shard->hand = hand;
	shard->count++;
}

static void ring_remove(struct shard *shard, struct cache_entry *entry)
{
	entry->ring_prev->ring_next = entry->ring_next;
	entry->ring_next->ring_prev = entry->ring_prev;
	shard->count--;
	if (shard->hand == entry)
		shard->hand = shard->count ? entry->ring_next : NULL;
}

void cache_free(struct cache **cache)
{
	struct cache *old = *cache;
	if (!old)
		return;
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		struct shard *shard = &old->shards[i];
		while (shard->count) {
			struct cache_entry *entry = shard->hand;
			ring_remove(shard, entry);
			cache_entry_unref(entry);
		}
		pthread_mutex_destroy(&shard->lock);
	}
	free(old->buckets);
	sources_deinit(&old->sources);
	free(old);
	*cache = NULL;
}

/* The entry of this question that was good at `since_us` or is still, or NULL. */
static inline struct cache_entry *look_up(struct cache *cache, const struct cache_ask *ask,
                                          int64_t since_us)
{
	uint64_t hash = ask->hash;
	struct cache_entry *entry = rcu_dereference(cache->buckets[hash & cache->bucket_mask]);
	while (entry && (entry->hash != hash || !cache_entry_is(entry, ask)))
		entry = rcu_dereference(entry->next);
	if (!entry || cache_entry_expires_us(entry) <= since_us)
		return NULL;
	/* Written once for each round of the hand, not for each hit: other cores read this line. */
	if (!atomic_load_explicit(&entry->used, memory_order_relaxed))
		atomic_store_explicit(&entry->used, true, memory_order_relaxed);
	return entry;
}

static inline void fetch(const void *bytes, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		__builtin_prefetch((const char *)bytes + i * CACHE_LINE_BYTES);
}

/* Each loop reads what the one before has asked memory for. Most buckets have one entry, and most entries are small. */
void cache_expect(struct cache *cache, const uint64_t hashes[], size_t count)
{
	struct cache_entry *entries[CACHE_EXPECT_MAX];
	assert(count <= CACHE_EXPECT_MAX);
	for (size_t i = 0; i < count; i++)
		fetch(&cache->buckets[hashes[i] & cache->bucket_mask], 1);
	for (size_t i = 0; i < count; i++) {
		entries[i] = rcu_dereference(cache->buckets[hashes[i] & cache->bucket_mask]);
		fetch(entries[i], 3); /* of nothing at all: nothing */
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

/* Where in its bucket the entry hangs; with NULL, where the bucket ends. The shard's lock is held. */
static struct cache_entry **place_of(struct cache *cache, uint64_t hash,
                                     const struct cache_entry *entry)
{
	struct cache_entry **at = &cache->buckets[hash & cache->bucket_mask];
	while (*at != entry)
		at = &(*at)->next;
	return at;
}

static void let_go(struct shard *shard, struct cache_entry *entry)
{
	ring_remove(shard, entry);
	shard->bytes -= cache_entry_bytes(entry);
	cache_entry_unref(entry);
}

/* The entry's own `next` stays: a reader may stand on it. */
static void take_out(struct cache *cache, struct shard *shard, struct cache_entry *entry)
{
	rcu_assign_pointer(*place_of(cache, entry->hash, entry), entry->next);
	let_go(shard, entry);
}

/* Moves the hand until something has gone: those that are of no use any more at once, others when nobody has looked them
 * up since the hand came by. After a round of them all everybody's turn has come, however busy the readers are. */
static void evict_one(struct cache *cache, struct shard *shard, struct now now)
{
	for (size_t left = shard->count; left; left--) {
		struct cache_entry *entry = shard->hand;
		bool used = atomic_exchange_explicit(&entry->used, false, memory_order_relaxed);
		if (cache_entry_expires_us(entry) <= useless_since(cache, now) || !used)
			break;
		shard->hand = entry->ring_next;
	}
	take_out(cache, shard, shard->hand);
	shard->evicted++;
}

static struct cache_entry *find(struct cache *cache, uint64_t hash, const struct cache_ask *ask)
{
	struct cache_entry *entry = cache->buckets[hash & cache->bucket_mask];
	while (entry && (entry->hash != hash || !cache_entry_is(entry, ask)))
		entry = entry->next;
	return entry;
}

/* In the old one's place with one store, so that a reader on his way meets either of them; a new question
 * at the end of its bucket. */
static void put_in(struct cache *cache, struct shard *shard, struct cache_entry *entry,
                   struct cache_entry *old)
{
	entry->next = old ? old->next : NULL;
	ring_add(shard, entry);
	shard->bytes += cache_entry_bytes(entry);
	rcu_assign_pointer(*place_of(cache, entry->hash, old), entry);
	if (old)
		let_go(shard, old);
}

void cache_insert(struct cache *cache, struct cache_entry *entry, struct now now)
{
	struct cache_key key;
	cache_entry_key(entry, &key);
	const struct cache_ask ask = cache_ask_of(cache->seed, &key);
	uint64_t hash = ask.hash;
	struct shard *shard = &cache->shards[hash % CACHE_SHARD_COUNT];
	pthread_mutex_lock(&shard->lock);
	struct cache_entry *old = find(cache, hash, &ask);
	if (!entry->ttl || cache_entry_bytes(entry) > shard->bytes_max / ENTRY_SHARE ||
	    !cache_entry_ref(entry)) {
		if (old)
			take_out(cache, shard, old);
	} else {
		entry->hash = hash;
		while (shard->bytes - (old ? cache_entry_bytes(old) : 0) + cache_entry_bytes(entry) >
		       shard->bytes_max) {
			evict_one(cache, shard, now);
			old = find(cache, hash, &ask);
		}
		put_in(cache, shard, entry, old);
		shard->inserted++;
	}
	pthread_mutex_unlock(&shard->lock);
}

void cache_replace(struct cache *cache, struct cache_entry *old, struct cache_entry *entry,
                   struct now now)
{
	struct cache_key key;
	cache_entry_key(entry, &key);
	const struct cache_ask ask = cache_ask_of(cache->seed, &key);
	struct shard *shard = &cache->shards[ask.hash % CACHE_SHARD_COUNT];
	size_t bytes = cache_entry_bytes(entry), before = cache_entry_bytes(old);
	pthread_mutex_lock(&shard->lock);
	while (find(cache, ask.hash, &ask) == old && shard->bytes - before + bytes > shard->bytes_max)
		evict_one(cache, shard, now);
	bool there = find(cache, ask.hash, &ask) == old;
	if (there) {
		entry->hash = ask.hash;
		put_in(cache, shard, entry, old);
	}
	pthread_mutex_unlock(&shard->lock);
	if (!there)
		cache_entry_unref(entry);
}

#define BUCKETS_AT_A_TIME 256 /* read under one lock of RCU, some tens of microseconds */

void cache_each(struct cache *cache, struct now now,
                bool (*see)(void *data, const struct cache_entry *entry), void *data)
{
	bool go_on = true;
	for (size_t from = 0; from <= cache->bucket_mask && go_on; from += BUCKETS_AT_A_TIME) {
		rcu_read_lock();
		for (size_t i = from; i < from + BUCKETS_AT_A_TIME && i <= cache->bucket_mask; i++) {
			const struct cache_entry *entry = rcu_dereference(cache->buckets[i]);
			for (; entry && go_on; entry = rcu_dereference(entry->next))
				if (cache_entry_expires_us(entry) > now.mono_us)
					go_on = see(data, entry);
		}
		rcu_read_unlock();
	}
}

void cache_stats(struct cache *cache, struct cache_stats *stats)
{
	*stats = (struct cache_stats){0};
	for (size_t i = 0; i < CACHE_SHARD_COUNT; i++) {
		struct shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		stats->entries += shard->count;
		stats->bytes += shard->bytes;
		stats->bytes_max += shard->bytes_max;
		stats->inserted += shard->inserted;
		stats->evicted += shard->evicted;
		pthread_mutex_unlock(&shard->lock);
	}
}
