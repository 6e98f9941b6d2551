/* The table: buckets of RCU lists, cut into shards for those who insert. Each shard has its part of the
 * budget and a clock: an array of its entries and a hand that goes round. */
#include "cache/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_COUNT 16
#define ENTRY_BYTES_TYPICAL 1024 /* for the number of buckets */
#define ENTRY_SHARE 8            /* one entry takes at most this part of its shard */

struct shard {
	pthread_mutex_t lock;
	size_t bytes, bytes_max;
	size_t slot_count, slot_room, hand;
	struct cache_entry **slots; /* all entries of the shard */
	uint64_t inserted, evicted;
} __attribute__((aligned(64)));

struct cache {
	struct hash_key seed;
	size_t bucket_mask;
	struct cache_entry **buckets; /* a shard owns the buckets whose low bits are its number */
	struct shard shards[SHARD_COUNT];
};

static size_t power_of_two(size_t least)
{
	size_t size = SHARD_COUNT;
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
	cache->bucket_mask = bucket_count - 1;
	cache->buckets = calloc(bucket_count, sizeof(struct cache_entry *));
	if (!cache->buckets) {
		free(cache);
		return NULL;
	}
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		cache->shards[i].bytes_max = bytes_max / SHARD_COUNT;
	}
	return cache;
}

void cache_free(struct cache **cache)
{
	struct cache *old = *cache;
	if (!old)
		return;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &old->shards[i];
		for (size_t slot = 0; slot < shard->slot_count; slot++)
			cache_entry_unref(shard->slots[slot]);
		free(shard->slots);
		pthread_mutex_destroy(&shard->lock);
	}
	free(old->buckets);
	free(old);
	*cache = NULL;
}

struct cache_entry *cache_lookup(struct cache *cache, const struct cache_key *key, struct now now)
{
	uint64_t hash = cache_key_hash(cache->seed, key);
	struct cache_entry *entry = rcu_dereference(cache->buckets[hash & cache->bucket_mask]);
	while (entry && (entry->hash != hash || !cache_key_equal(&entry->key, key)))
		entry = rcu_dereference(entry->next);
	if (!entry || entry->expires_us <= now.mono_us)
		return NULL;
	/* Written once for each round of the hand, not for each hit: other cores read this line. */
	if (!atomic_load_explicit(&entry->used, memory_order_relaxed))
		atomic_store_explicit(&entry->used, true, memory_order_relaxed);
	return entry;
}

/* Takes an entry out of its bucket and its slot; the shard's lock is held. */
static void take_out(struct cache *cache, struct shard *shard, struct cache_entry *entry)
{
	struct cache_entry **at = &cache->buckets[entry->hash & cache->bucket_mask];
	while (*at != entry)
		at = &(*at)->next;
	rcu_assign_pointer(*at, entry->next);
	struct cache_entry *last = shard->slots[--shard->slot_count];
	shard->slots[entry->slot] = last;
	last->slot = entry->slot;
	shard->bytes -= entry->bytes;
	cache_entry_unref(entry);
}

/* Moves the hand until something has gone: expired entries at once, others when nobody has looked them
 * up since the hand came by. Two rounds find one for sure. */
static void evict_one(struct cache *cache, struct shard *shard, struct now now)
{
	for (size_t steps = 2 * shard->slot_count + 1; steps; steps--) {
		if (shard->hand >= shard->slot_count)
			shard->hand = 0;
		struct cache_entry *entry = shard->slots[shard->hand];
		bool used = atomic_exchange_explicit(&entry->used, false, memory_order_relaxed);
		if (entry->expires_us <= now.mono_us || !used) {
			take_out(cache, shard, entry);
			shard->evicted++;
			return;
		}
		shard->hand++;
	}
}

static bool reserve_slot(struct shard *shard)
{
	if (shard->slot_count < shard->slot_room)
		return true;
	size_t room = shard->slot_room ? shard->slot_room * 2 : 64;
	struct cache_entry **grown = realloc(shard->slots, room * sizeof *grown);
	if (!grown)
		return false;
	shard->slots = grown;
	shard->slot_room = room;
	return true;
}

static struct cache_entry *find(struct cache *cache, uint64_t hash, const struct cache_key *key)
{
	struct cache_entry *entry = cache->buckets[hash & cache->bucket_mask];
	while (entry && (entry->hash != hash || !cache_key_equal(&entry->key, key)))
		entry = entry->next;
	return entry;
}

void cache_insert(struct cache *cache, struct cache_entry *entry, struct now now)
{
	uint64_t hash = cache_key_hash(cache->seed, &entry->key);
	struct shard *shard = &cache->shards[hash % SHARD_COUNT];
	pthread_mutex_lock(&shard->lock);
	if (entry->bytes <= shard->bytes_max / ENTRY_SHARE && cache_entry_ref(entry)) {
		struct cache_entry *old = find(cache, hash, &entry->key);
		if (old)
			take_out(cache, shard, old);
		while (shard->slot_count && shard->bytes + entry->bytes > shard->bytes_max)
			evict_one(cache, shard, now);
		if (reserve_slot(shard)) {
			struct cache_entry **bucket = &cache->buckets[hash & cache->bucket_mask];
			entry->hash = hash;
			entry->slot = shard->slot_count;
			entry->next = *bucket;
			shard->slots[shard->slot_count++] = entry;
			shard->bytes += entry->bytes;
			shard->inserted++;
			rcu_assign_pointer(*bucket, entry);
		} else {
			cache_entry_unref(entry);
		}
	}
	pthread_mutex_unlock(&shard->lock);
}

void cache_stats(struct cache *cache, struct cache_stats *stats)
{
	*stats = (struct cache_stats){0};
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		stats->entries += shard->slot_count;
		stats->bytes += shard->bytes;
		stats->bytes_max += shard->bytes_max;
		stats->inserted += shard->inserted;
		stats->evicted += shard->evicted;
		pthread_mutex_unlock(&shard->lock);
	}
}
