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

static struct server *server_of(struct server_group *group, const struct addr_port *address)
{
	for (size_t i = 0; group && i < group->server_count; i++) {
		struct server *server = &group->servers[i];
		if (server->stats.address.port == address->port &&
		    addr_equal(&server->stats.address.addr, &address->addr))
			return server;
	}
	return NULL;
}

struct server *upstream_server(struct exchange *exchange, const struct addr_port *address)
{
	return server_of(upstream_group(exchange->upstream, exchange->group), address);
}

static void fill_group(struct upstream *upstream, const struct upstream_group *from,
                       struct server_group *to)
{
	struct server_group *old = upstream_group(upstream, from->id);
	to->id = from->id;
	to->server_count = from->count < UPSTREAM_COUNT_MAX ? from->count : UPSTREAM_COUNT_MAX;
	for (size_t i = 0; i < to->server_count; i++) {
		struct server *server = &to->servers[i];
		const struct server *known = server_of(old, &from->upstreams[i]);
		if (known)
			*server = *known;
		server->stats.group = from->id;
		server->stats.address = from->upstreams[i];
		addr_port_format(&from->upstreams[i], server->text);
	}
}

void upstream_configure(struct forwarder *forwarder, const struct upstream_group *groups,
                        size_t count)
{
	struct upstream *upstream = (struct upstream *)forwarder;
	struct server_group built[UPSTREAM_GROUP_MAX] = {0};
	if (count > UPSTREAM_GROUP_MAX)
		count = UPSTREAM_GROUP_MAX;
	for (size_t i = 0; i < count; i++)
		fill_group(upstream, &groups[i], &built[i]);
	pthread_mutex_lock(&upstream->servers_lock);
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
	port_pool_close(&upstream->ports);
	exchange_close_spare(upstream);
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
			.address = from->address,
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
