/* Which servers a question goes to, and which of them first: the best, or with `spread` the one that its domain belongs to. */
#include "base/hash.h"
#include "dns/registered.h"
#include "upstream/exchange.h"

/* So often in a row one that is spread to was silent before another is asked first: one packet that is lost is no reason. */
#define SPREAD_FAILURES 2

struct peer server_peer(const struct server *server)
{
	const struct upstream_target *target = &server->stats.target;
	return (struct peer){target->address, target->key, protocol_is_encrypted(target->protocol)};
}

/* ---- by domain --------------------------------------------------------------------------- */

/* Of a name's registered domain, or of a name that has none: always the same one, or each server would see all in the course of time. */
static uint64_t domain_hash(const struct dns_name *name)
{
	struct dns_name domain;
	if (dns_registered_domain(name, &domain) != PF_OK)
		domain = *name;
	return hash_bytes((struct hash_key){0}, domain.wire, domain.length);
}

/* Rendezvous hashing: when a server comes or goes, only its own domains move. */
static uint64_t claim(const struct server *server, uint64_t domain)
{
	return hash_bytes((struct hash_key){domain}, &server->stats.target.key,
	                  sizeof server->stats.target.key);
}

static const struct server *owner_of(const struct server_group *group, uint64_t domain)
{
	const struct server *owner = &group->servers[0];
	for (size_t i = 1; i < group->server_count; i++)
		if (claim(&group->servers[i], domain) > claim(owner, domain))
			owner = &group->servers[i];
	return owner;
}

bool server_may_see(const struct upstream *upstream, const struct server_group *group,
                    const struct server *server, const struct dns_query *query)
{
	return !upstream->base.spread || server == owner_of(group, domain_hash(&query->name));
}

static bool goes_before(const struct server *a, const struct server *b, uint64_t domain)
{
	bool a_fails = a->health.failures >= SPREAD_FAILURES;
	bool b_fails = b->health.failures >= SPREAD_FAILURES;
	return a_fails != b_fails ? b_fails : claim(a, domain) > claim(b, domain);
}

/* ---- the order --------------------------------------------------------------------------- */

void exchange_order(struct exchange *exchange, const struct server_group *group)
{
	const struct server *sorted[UPSTREAM_COUNT_MAX];
	size_t count = 0;
	bool spread = exchange->upstream->base.spread && group->server_count > 1;
	uint64_t domain = spread ? domain_hash(&exchange->query.name) : 0;
	for (size_t i = 0; i < group->server_count; i++) {
		const struct server *server = &group->servers[i];
		size_t at = count++;
		for (; at > 0 && (spread ? goes_before(server, sorted[at - 1], domain)
		                         : health_is_better(&server->health, &sorted[at - 1]->health));
		     at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = server;
	}
	/* The first twice: what is lost on the way is asked for again, before another hears of it. */
	size_t ahead = spread ? 1 : 0;
	for (size_t i = 0; i < count; i++)
		exchange->order[ahead + i] = server_peer(sorted[i]);
	if (spread)
		exchange->order[0] = exchange->order[1];
	exchange->order_count = ahead + count;
}
