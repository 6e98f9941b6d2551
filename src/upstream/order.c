/* Which servers a question goes to, and which of them first. */
#include "upstream/exchange.h"

struct peer server_peer(const struct server *server)
{
	const struct upstream_target *target = &server->stats.target;
	return (struct peer){target->address, target->key, protocol_is_encrypted(target->protocol)};
}

void exchange_order(struct exchange *exchange, const struct server_group *group)
{
	const struct server *sorted[UPSTREAM_COUNT_MAX];
	size_t count = 0;
	for (size_t i = 0; i < group->server_count; i++) {
		const struct server *server = &group->servers[i];
		size_t at = count++;
		for (; at > 0 && health_is_better(&server->health, &sorted[at - 1]->health); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = server;
	}
	for (size_t i = 0; i < count; i++)
		exchange->order[i] = server_peer(sorted[i]);
	exchange->order_count = count;
}
