/* The groups of servers of one worker, and the life of its forwarder. */
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "upstream/exchange.h"

struct server_group *upstream_group(struct upstream *upstream, uint64_t id)
{
	for (size_t i = 0; i < upstream->group_count; i++)
		if (upstream->groups[i].id == id)
			return &upstream->groups[i];
	return NULL;
}

static struct server *server_of(struct server_group *group, uint64_t key)
{
	for (size_t i = 0; group && i < group->server_count; i++)
		if (group->servers[i].stats.target.key == key)
			return &group->servers[i];
	return NULL;
}

struct server *upstream_server(struct exchange *exchange, const struct peer *peer)
{
	return server_of(upstream_group(exchange->upstream, exchange->group), peer->key);
}

int exchange_read(struct exchange *exchange, const struct peer *peer, const uint8_t *packet,
                  size_t length, struct answer **answer)
{
	const struct server *server = upstream_server(exchange, peer);
	*answer = NULL;
	if (server &&
	    !answer_subnet_fits(packet, length, &exchange->query, &server->stats.target.subnet))
		return PF_EINVAL;
	return answer_from_wire(packet, length, &exchange->query, answer);
}

static struct pool *make_pool(struct upstream *upstream, const struct upstream_target *target)
{
	struct bootstrap *bootstrap = NULL;
	if (upstream_target_is_named(target)) {
		bootstrap = bootstrap_new(upstream, target->secure->host);
		if (!bootstrap)
			return NULL;
	}
	return pool_new(upstream->loop, &upstream->room, target, bootstrap);
}

static void fill_group(struct upstream *upstream, const struct upstream_group *from,
                       struct server_group *to)
{
	struct server_group *old = upstream_group(upstream, from->id);
	to->id = from->id;
	to->server_count = from->count < UPSTREAM_COUNT_MAX ? from->count : UPSTREAM_COUNT_MAX;
	for (size_t i = 0; i < to->server_count; i++) {
		struct server *server = &to->servers[i];
		const struct upstream_target *target = &from->upstreams[i];
		struct server *known = server_of(old, target->key);
		if (known) {
			*server = *known;
			known->pool = NULL;
		}
		server->stats.group = from->id;
		server->stats.target = *target;
		server->stats.target.secure = NULL;
		upstream_target_tell(target, server->text);
		if (server->pool)
			pool_trust(server->pool, target->secure);
		else if (target->secure)
			server->pool = make_pool(upstream, target);
	}
}

static void retire_pools(struct upstream *upstream)
{
	for (size_t i = 0; i < upstream->group_count; i++)
		for (size_t k = 0; k < upstream->groups[i].server_count; k++)
			pool_retire(&upstream->groups[i].servers[k].pool);
}

void upstream_configure(struct forwarder *forwarder, const struct upstream_group *groups,
                        size_t count)
{
	struct upstream *upstream = (struct upstream *)forwarder;
	struct server_group built[UPSTREAM_GROUP_MAX] = {0};
	if (count > UPSTREAM_GROUP_MAX)
		count = UPSTREAM_GROUP_MAX;
	pthread_mutex_lock(&upstream->servers_lock);
	for (size_t i = 0; i < count; i++)
		fill_group(upstream, &groups[i], &built[i]);
	retire_pools(upstream);
	memcpy(upstream->groups, built, sizeof built);
	upstream->group_count = count;
	pthread_mutex_unlock(&upstream->servers_lock);
}

struct forwarder *upstream_new(struct uv_loop_s *loop)
{
	struct upstream *upstream = calloc(1, sizeof *upstream);
	if (!upstream)
		return NULL;
	upstream->base = (struct forwarder){.ask = exchange_ask, .configure = upstream_configure};
	upstream->loop = loop;
	upstream->hedge_credit = HEDGE_CREDIT_MAX;
	port_pool_init(&upstream->ports, loop, exchange_readable);
	wheel_init(&upstream->timers, loop, exchange_ring);
	pthread_mutex_init(&upstream->servers_lock, NULL);
	return &upstream->base;
}

bool upstream_idle(const struct forwarder *forwarder)
{
	return !((const struct upstream *)forwarder)->exchange_count;
}

void upstream_close(struct forwarder *forwarder)
{
	struct upstream *upstream = (struct upstream *)forwarder;
	if (!upstream)
		return;
	upstream->closing = true;
	pthread_mutex_lock(&upstream->servers_lock);
	retire_pools(upstream);
	pthread_mutex_unlock(&upstream->servers_lock);
	port_pool_close(&upstream->ports);
	wheel_close(&upstream->timers);
	exchange_free_spare(upstream);
}

void upstream_free(struct forwarder **forwarder)
{
	struct upstream *upstream = (struct upstream *)*forwarder;
	if (!upstream)
		return;
	pthread_mutex_destroy(&upstream->servers_lock);
	free(upstream);
	*forwarder = NULL;
}

static size_t group_stats(const struct server_group *group, struct upstream_stats *stats)
{
	for (size_t i = 0; i < group->server_count; i++) {
		const struct upstream_stats *from = &group->servers[i].stats;
		stats[i] = (struct upstream_stats){
			.group = group->id,
			.target = from->target,
			.queries = counter_read(&from->queries),
			.answers = counter_read(&from->answers),
			.timeouts = counter_read(&from->timeouts),
			.junk = counter_read(&from->junk),
			.rtt_us = counter_read(&from->rtt_us),
			.loss = counter_read(&from->loss),
			.loses_case = counter_read(&from->loses_case),
			.latency_sum_us = counter_read(&from->latency_sum_us),
		};
		for (size_t slot = 0; slot < PF_COUNT(from->latency); slot++)
			stats[i].latency[slot] = counter_read(&from->latency[slot]);
		if (group->servers[i].pool)
			pool_count(group->servers[i].pool, &stats[i]);
	}
	return group->server_count;
}

size_t upstream_stats(const struct forwarder *forwarder, struct upstream_stats *stats)
{
	struct upstream *upstream = (struct upstream *)forwarder;
	size_t count = 0;
	pthread_mutex_lock(&upstream->servers_lock);
	for (size_t i = 0; i < upstream->group_count; i++)
		count += group_stats(&upstream->groups[i], stats + count);
	pthread_mutex_unlock(&upstream->servers_lock);
	return count;
}
