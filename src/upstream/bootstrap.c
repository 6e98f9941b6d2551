/* The questions and addresses of bootstrap.h. */
#include "upstream/bootstrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "upstream/exchange.h"

#define FAMILIES 2 /* both are asked for; those of IPv4 are tried first, which every network has */

struct found {
	size_t count;
	struct addr addresses[BOOTSTRAP_ADDRESS_MAX];
};

struct bootstrap {
	struct upstream *upstream;
	char host[UPSTREAM_NAME_MAX];
	struct dns_name name;
	void (*changed)(void *data);
	void *data;
	struct found found;
	size_t turn;             /* whose it is, of the found ones */
	uint64_t due_ms;         /* of the loop's clock: then they are asked for again */
	bool failing;            /* was told in the log */
	struct inquiry *inquiry; /* under way; NULL: none */
};

/* Outlives whoever wanted to know. */
struct inquiry {
	struct bootstrap *bootstrap; /* NULL: gone */
	size_t open;
	struct found of[FAMILIES];
	uint32_t ttl_s; /* the least */
	struct half {
		struct inquiry *inquiry;
		struct found *found;
	} halves[FAMILIES];
};

struct bootstrap *bootstrap_new(struct upstream *upstream, const char *host)
{
	struct bootstrap *bootstrap = calloc(1, sizeof *bootstrap);
	if (!bootstrap)
		return NULL;
	bootstrap->upstream = upstream;
	if (dns_name_from_text(host, &bootstrap->name) == PF_OK &&
	    strlen(host) < sizeof bootstrap->host) {
		strcpy(bootstrap->host, host);
		return bootstrap;
	}
	free(bootstrap);
	return NULL;
}

void bootstrap_free(struct bootstrap **bootstrap)
{
	if (*bootstrap && (*bootstrap)->inquiry)
		(*bootstrap)->inquiry->bootstrap = NULL;
	free(*bootstrap);
	*bootstrap = NULL;
}

void bootstrap_watch(struct bootstrap *bootstrap, void (*changed)(void *data), void *data)
{
	bootstrap->changed = changed;
	bootstrap->data = data;
}

/* ---- asking ------------------------------------------------------------------------------ */

static void add(struct found *all, const struct found *some)
{
	for (size_t i = 0; i < some->count && all->count < BOOTSTRAP_ADDRESS_MAX; i++)
		all->addresses[all->count++] = some->addresses[i];
}

static void take(struct bootstrap *bootstrap, const struct inquiry *inquiry)
{
	uint64_t now_ms = uv_now(bootstrap->upstream->loop);
	struct found all = {0};
	for (size_t i = 0; i < FAMILIES; i++)
		add(&all, &inquiry->of[i]);
	bootstrap->inquiry = NULL;
	if (!all.count) {
		bootstrap->due_ms = now_ms + (bootstrap->found.count ? BOOTSTRAP_RETRY_MS : 0);
		if (!bootstrap->failing)
			log_warning("the servers of `bootstrap` can not say where %s is%s", bootstrap->host,
			            bootstrap->found.count ? ": it is looked for where it was" : "");
		bootstrap->failing = true;
		return;
	}
	uint32_t ttl_s = inquiry->ttl_s < BOOTSTRAP_TTL_MIN_S   ? BOOTSTRAP_TTL_MIN_S
	                 : inquiry->ttl_s > BOOTSTRAP_TTL_MAX_S ? BOOTSTRAP_TTL_MAX_S
	                                                        : inquiry->ttl_s;
	bootstrap->due_ms = now_ms + ttl_s * UINT64_C(1000);
	bootstrap->failing = false;
	struct addr last = {0};
	if (bootstrap->found.count)
		last = bootstrap->found.addresses[bootstrap->turn];
	bootstrap->found = all;
	bootstrap->turn = 0;
	for (size_t i = 0; i < all.count; i++)
		if (addr_equal(&all.addresses[i], &last))
			bootstrap->turn = i; /* it was well there */
}

static void end_half(struct inquiry *inquiry)
{
	struct bootstrap *bootstrap = inquiry->bootstrap;
	if (--inquiry->open)
		return;
	if (bootstrap)
		take(bootstrap, inquiry);
	free(inquiry);
	if (bootstrap)
		bootstrap->changed(bootstrap->data);
}

static void on_result(void *data, const struct forward_result *result)
{
	struct half *half = data;
	struct answer *answer = result->answer;
	struct forward_trip *trips = result->trips;
	if (answer && answer->rcode == DNS_RCODE_NOERROR && answer->address_count) {
		for (size_t i = 0; i < answer->address_count && i < BOOTSTRAP_ADDRESS_MAX; i++)
			half->found->addresses[half->found->count++] = answer->addresses[i];
		if (answer->ttl < half->inquiry->ttl_s)
			half->inquiry->ttl_s = answer->ttl;
	}
	answer_free(&answer);
	forward_trips_free(&trips);
	end_half(half->inquiry);
}

static void look(struct bootstrap *bootstrap)
{
	static const uint16_t types[FAMILIES] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	struct inquiry *inquiry = calloc(1, sizeof *inquiry);
	if (!inquiry)
		return;
	inquiry->bootstrap = bootstrap;
	inquiry->ttl_s = UINT32_MAX;
	for (size_t i = 0; i < FAMILIES; i++) {
		struct dns_query query = {.rd = true,
		                          .name = bootstrap->name,
		                          .type = types[i],
		                          .class = DNS_CLASS_IN};
		inquiry->halves[i] = (struct half){inquiry, &inquiry->of[i]};
		if (exchange_inquire(bootstrap->upstream, UPSTREAM_GROUP_BOOTSTRAP, &query, on_result,
		                     &inquiry->halves[i]) == PF_OK)
			inquiry->open++;
	}
	if (inquiry->open)
		bootstrap->inquiry = inquiry;
	else
		free(inquiry);
}

/* ---- what was found ---------------------------------------------------------------------- */

void bootstrap_wanted(struct bootstrap *bootstrap)
{
	if (!bootstrap->inquiry && uv_now(bootstrap->upstream->loop) >= bootstrap->due_ms)
		look(bootstrap);
}

bool bootstrap_address(const struct bootstrap *bootstrap, struct addr *address)
{
	const struct found *found = &bootstrap->found;
	if (found->count)
		*address = found->addresses[bootstrap->turn];
	return found->count;
}

bool bootstrap_looks(const struct bootstrap *bootstrap)
{
	return bootstrap->inquiry;
}

void bootstrap_passes(struct bootstrap *bootstrap, const struct addr *address)
{
	if (!bootstrap->found.count ||
	    !addr_equal(&bootstrap->found.addresses[bootstrap->turn], address))
		return;
	bootstrap->turn = (bootstrap->turn + 1) % bootstrap->found.count;
	if (!bootstrap->turn && !bootstrap->failing)
		bootstrap->due_ms = 0; /* all of them have been tried */
}

bool bootstrap_has(const struct bootstrap *bootstrap, const struct addr *address)
{
	for (size_t i = 0; i < bootstrap->found.count; i++)
		if (addr_equal(&bootstrap->found.addresses[i], address))
			return true;
	return false;
}
