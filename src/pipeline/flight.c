/* The table of flights, see flight.h. */
#include "pipeline/flight.h"

#include <pthread.h>
#include <stdlib.h>

#define SHARD_COUNT 64
#define BUCKETS_PER_SHARD 64 /* 4,096 in all: flights are few and short-lived */

struct shard {
	pthread_mutex_t lock;
	struct flight *buckets[BUCKETS_PER_SHARD];
};

struct flight_table {
	struct hash_key key;
	struct shard shards[SHARD_COUNT];
};

struct flight_table *flight_table_new(struct hash_key key)
{
	struct flight_table *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->key = key;
	for (size_t i = 0; i < SHARD_COUNT; i++)
		pthread_mutex_init(&table->shards[i].lock, NULL);
	return table;
}

void flight_table_free(struct flight_table **table)
{
	if (!*table)
		return;
	for (size_t i = 0; i < SHARD_COUNT; i++)
		pthread_mutex_destroy(&(*table)->shards[i].lock);
	free(*table);
	*table = NULL;
}

static struct flight **bucket_of(struct flight_table *table, const struct cache_key *key,
                                 struct shard **shard)
{
	uint64_t hash = cache_key_hash(table->key, key);
	*shard = &table->shards[hash % SHARD_COUNT];
	return &(*shard)->buckets[hash / SHARD_COUNT % BUCKETS_PER_SHARD];
}

static struct flight *find(struct flight *bucket, const struct cache_key *key)
{
	while (bucket && !cache_key_equal(&bucket->key, key))
		bucket = bucket->next;
	return bucket;
}

static struct flight *add(struct flight_table *table, struct pipeline *owner,
                          const struct cache_key *key, struct flight **bucket)
{
	struct flight *flight = calloc(1, sizeof *flight);
	if (!flight)
		return NULL;
	flight->key = *key;
	flight->table = table;
	flight->owner = owner;
	flight->next = *bucket;
	*bucket = flight;
	return flight;
}

struct flight *flight_begin(struct flight_table *table, struct pipeline *owner,
                            const struct cache_key *key)
{
	struct shard *shard;
	struct flight **bucket = bucket_of(table, key, &shard);
	pthread_mutex_lock(&shard->lock);
	struct flight *created = find(*bucket, key) ? NULL : add(table, owner, key, bucket);
	pthread_mutex_unlock(&shard->lock);
	return created;
}

struct flight *flight_join(struct flight_table *table, struct query *query,
                           const struct cache_key *key, bool patient, enum flight_joined *outcome)
{
	struct shard *shard;
	struct flight **bucket = bucket_of(table, key, &shard);
	pthread_mutex_lock(&shard->lock);
	struct flight *flight = find(*bucket, key), *created = NULL;
	if (!flight)
		flight = created = add(table, query->pipeline, key, bucket);
	if (!flight) {
		*outcome = FLIGHT_NO_MEMORY;
	} else if (flight->released && !patient) {
		*outcome = FLIGHT_RELEASED;
	} else {
		query->next = flight->waiters;
		flight->waiters = query;
		*outcome = FLIGHT_JOINED;
	}
	pthread_mutex_unlock(&shard->lock);
	return created;
}

static struct query *turn_round(struct query *last_first)
{
	struct query *first = NULL;
	while (last_first) {
		struct query *query = last_first;
		last_first = query->next;
		query->next = first;
		first = query;
	}
	return first;
}

struct query *flight_release(struct flight *flight)
{
	struct shard *shard;
	bucket_of(flight->table, &flight->key, &shard);
	pthread_mutex_lock(&shard->lock);
	struct query *last_first = flight->waiters;
	flight->waiters = NULL;
	flight->released = true;
	pthread_mutex_unlock(&shard->lock);
	return turn_round(last_first);
}

struct query *flight_land(struct flight *flight)
{
	struct shard *shard;
	struct flight **at = bucket_of(flight->table, &flight->key, &shard);
	pthread_mutex_lock(&shard->lock);
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	struct query *last_first = flight->waiters;
	pthread_mutex_unlock(&shard->lock);
	free(flight);
	return turn_round(last_first);
}
