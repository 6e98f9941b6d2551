/* Lookups of resolve.h. */
#include "http/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* The way to the addresses of one type. */
struct way {
	struct lookup *lookup;
	uint16_t type;
	uint64_t group; /* that was asked last */
	unsigned hops;
};

struct lookup {
	uv_timer_t timer; /* answers from the loop what needs no question */
	const struct resolver *resolver;
	resolve_done done;
	void *data;       /* NULL `done`: abandoned */
	unsigned pending; /* questions under way */
	bool timed_out, failed;
	struct way ways[2];
	struct resolution result;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void finish(struct lookup *lookup)
{
	struct resolution *result = &lookup->result;
	if (!result->count)
		result->error = lookup->timed_out ? "the upstreams do not answer"
		                : lookup->failed  ? "the upstreams can not say"
		                                  : "there is no such host";
	if (lookup->done)
		lookup->done(lookup->data, result);
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
}

static void add(struct lookup *lookup, const struct addr *address)
{
	if (lookup->result.count < RESOLVE_ADDRESS_MAX)
		lookup->result.addresses[lookup->result.count++] = *address;
}

static void add_all(struct lookup *lookup, const struct answer *answer)
{
	for (size_t i = 0; i < answer->address_count; i++)
		add(lookup, &answer->addresses[i]);
}

static bool walk(struct way *way, struct dns_name name);

/* Where the answer leads out of what its group is believed for; NULL: it does not. */
static const struct dns_name *way_out(const struct way *way, const struct answer *answer)
{
	for (size_t i = 0; way->group != LOCAL_GROUP_DEFAULT && i < answer->hop_count; i++)
		if (!local_believes(way->lookup->resolver->local, way->group, &answer->hops[i], way->type))
			return &answer->hops[i];
	return NULL;
}

static void on_answer(void *data, const struct forward_result *answered)
{
	struct way *way = data;
	struct lookup *lookup = way->lookup;
	struct answer *answer = answered->answer;
	if (answered->status != FORWARD_ANSWERED) {
		lookup->timed_out = true;
	} else if (answer->rcode != DNS_RCODE_NOERROR && answer->rcode != DNS_RCODE_NXDOMAIN) {
		lookup->failed = true;
	} else {
		const struct dns_name *out = way_out(way, answer);
		if (out && lookup->done)
			lookup->failed |= !walk(way, *out);
		else
			add_all(lookup, answer);
	}
	answer_free(&answer);
	if (!--lookup->pending)
		finish(lookup);
}

static void on_known(uv_timer_t *timer)
{
	finish(timer->data);
}

static bool ask(struct way *way, const struct dns_name *name, uint64_t group)
{
	struct forwarder *forwarder = way->lookup->resolver->forwarder;
	struct dns_query query = {.rd = true, .name = *name, .type = way->type, .class = DNS_CLASS_IN};
	way->group = group;
	if (forwarder->ask(forwarder, group, &query, on_answer, way) != PF_OK)
		return false;
	way->lookup->pending++;
	return true;
}

/* Follows the owner's records, then asks, or adds what is known here. False: it can not go on. */
static bool walk(struct way *way, struct dns_name name)
{
	static const struct addr loopback4 = {4, {127, 0, 0, 1}}, loopback6 = {6, {[15] = 1}};
	struct lookup *lookup = way->lookup;
	struct local_hit hit;
	while (way->hops++ < RESOLVE_HOPS_MAX) {
		/* The owner has named this host in the configuration: no escape hatch holds it. */
		local_find(lookup->resolver->local, &name, way->type, true, &hit);
		if (hit.kind == LOCAL_ELSEWHERE)
			return ask(way, &name, hit.group);
		if (hit.kind == LOCAL_ANSWER)
			add_all(lookup, hit.answer);
		if (hit.kind == LOCAL_LOOPBACK)
			add(lookup, way->type == DNS_TYPE_A ? &loopback4 : &loopback6);
		if (hit.kind != LOCAL_ALIAS)
			return true;
		name = *hit.target;
	}
	return false;
}

struct lookup *resolve_start(const struct resolver *resolver, const char *host, resolve_done done,
                             void *data)
{
	struct dns_name name;
	struct addr address;
	struct lookup *lookup = calloc(1, sizeof *lookup);
	if (!lookup)
		return NULL;
	uv_timer_init(resolver->loop, &lookup->timer);
	lookup->timer.data = lookup;
	lookup->resolver = resolver;
	lookup->done = done;
	lookup->data = data;
	lookup->ways[0] = (struct way){.lookup = lookup, .type = DNS_TYPE_A};
	lookup->ways[1] = (struct way){.lookup = lookup, .type = DNS_TYPE_AAAA};
	bool any = addr_parse(host, &address) == PF_OK;
	if (any)
		add(lookup, &address);
	else if (resolver->local && dns_name_from_text(host, &name) == PF_OK)
		any = walk(&lookup->ways[0], name) | walk(&lookup->ways[1], name);
	if (any && !lookup->pending)
		uv_timer_start(&lookup->timer, on_known, 0, 0);
	if (any)
		return lookup;
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
	return NULL;
}

void resolve_abandon(struct lookup *lookup)
{
	lookup->done = NULL;
	if (lookup->pending)
		return; /* ends with its last answer */
	uv_timer_stop(&lookup->timer);
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
}

void resolve_text(const char *host, uint16_t port, const struct resolution *resolution,
                  char text[RESOLVE_TEXT_MAX])
{
	int used = snprintf(text, RESOLVE_TEXT_MAX, "%s:%u:", host, port);
	for (size_t i = 0; i < resolution->count; i++) {
		char address[ADDR_TEXT_MAX];
		const struct addr *one = &resolution->addresses[i];
		addr_format(one, address);
		used += snprintf(text + used, RESOLVE_TEXT_MAX - (size_t)used,
		                 one->family == 6 ? "%s[%s]" : "%s%s", i ? "," : "", address);
	}
}
