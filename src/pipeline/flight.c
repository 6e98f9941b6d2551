/* The table of flights, see flight.h. */
#include "pipeline/flight.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_COUNT 64
#define BUCKETS_PER_SHARD 64 /* 4,096 in all: flights are few and short-lived */

struct shard {
	pthread_mutex_t lock;
	struct flight *buckets[BUCKETS_PER_SHARD];
};

struct flight_table {
	struct shard shards[SHARD_COUNT];
};

struct flight_table *flight_table_new(void)
{
	struct flight_table *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
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

static struct flight **bucket_of(struct flight_table *table, uint64_t hash, struct shard **shard)
{
	*shard = &table->shards[hash % SHARD_COUNT];
	return &(*shard)->buckets[hash / SHARD_COUNT % BUCKETS_PER_SHARD];
}

static bool is_of(const struct flight *flight, const struct cache_ask *ask)
{
	const struct cache_key *key = &flight->key;
	return flight->hash == ask->hash && key->space == ask->space && key->type == ask->type &&
	       key->class == ask->class && key->dnssec_ok == ask->dnssec_ok && key->cd == ask->cd &&
	       dns_name_equal(&key->name, ask->name);
}

static struct flight *find(struct flight *bucket, const struct cache_ask *ask)
{
	while (bucket && !is_of(bucket, ask))
		bucket = bucket->next;
	return bucket;
}

static struct flight *add(struct flight_table *table, struct pipeline *owner,
                          const struct cache_ask *ask, struct flight **bucket)
{
	struct flight *flight = malloc(sizeof *flight);
	if (!flight)
		return NULL;
	memset(flight, 0, offsetof(struct flight, key));
	flight->table = table;
	flight->owner = owner;
	flight->hash = ask->hash;
	flight->key.space = ask->space;
	flight->key.type = ask->type;
	flight->key.class = ask->class;
	flight->key.dnssec_ok = ask->dnssec_ok;
	flight->key.cd = ask->cd;
	dns_name_copy(&flight->key.name, ask->name);
	flight->next = *bucket;
	*bucket = flight;
	return flight;
}

struct flight *flight_begin(struct flight_table *table, struct pipeline *owner,
                            const struct cache_ask *ask)
{
	struct shard *shard;
	struct flight **bucket = bucket_of(table, ask->hash, &shard);
	pthread_mutex_lock(&shard->lock);
	struct flight *created = find(*bucket, ask) ? NULL : add(table, owner, ask, bucket);
	pthread_mutex_unlock(&shard->lock);
	return created;
}

struct flight *flight_join(struct flight_table *table, struct query *query,
                           const struct cache_ask *ask, bool patient, enum flight_joined *outcome)
{
	struct shard *shard;
	struct flight **bucket = bucket_of(table, ask->hash, &shard);
	pthread_mutex_lock(&shard->lock);
	struct flight *flight = find(*bucket, ask), *created = NULL;
	if (!flight)
		flight = created = add(table, query->pipeline, ask, bucket);
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
	bucket_of(flight->table, flight->hash, &shard);
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
	struct flight **at = bucket_of(flight->table, flight->hash, &shard);
	pthread_mutex_lock(&shard->lock);
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	struct query *last_first = flight->waiters;
	pthread_mutex_unlock(&shard->lock);
	free(flight);
	return turn_round(last_first);
}
