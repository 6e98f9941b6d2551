/* rate-limit: how much one client may ask. */
#include <string.h>

#include "config/sections.h"
#include "config/values.h"

#define QUERIES_DEFAULT 1000 /* a minute: a household's busiest device asks a tenth of it */
#define SLIP_DEFAULT 2
#define WAITING_DEFAULT 200 /* no device has so many names that it does not know yet */
#define WAITING_MAX 10000
#define SLIP_MAX 10
#define IPV4_DEFAULT 32
#define IPV6_DEFAULT 64 /* a host has a /64 full of addresses to choose from */

static void read_queries(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	unsigned number;
	if (reader_number(reader, node, "rate-limit.queries", 1, CONFIG_RATE_LIMIT_MAX, &number))
		limit->queries = number;
}

static void read_slip(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	unsigned number;
	if (reader_number(reader, node, "rate-limit.slip", 0, SLIP_MAX, &number))
		limit->slip = number;
}

static void read_waiting(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	unsigned number;
	if (reader_number(reader, node, "rate-limit.waiting", 1, WAITING_MAX, &number))
		limit->waiting = number;
}

static void read_ipv4(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	unsigned number;
	if (reader_number(reader, node, "rate-limit.ipv4", 8, 32, &number))
		limit->ipv4 = number;
}

static void read_ipv6(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	unsigned number;
	if (reader_number(reader, node, "rate-limit.ipv6", 32, 128, &number))
		limit->ipv6 = number;
}

static void read_exempt(struct reader *reader, const struct node *node, void *target)
{
	struct config_rate_limit *limit = target;
	const struct list_shape shape = {"rate-limit.exempt",
	                                 "an address, a network or a list of these", CONFIG_EXEMPT_MAX,
	                                 true};
	size_t count = reader_list(reader, node, &shape);
	limit->exempt_count = 0;
	if (!count || !limit->exempt)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (value_prefix(reader, item, "rate-limit.exempt", &limit->exempt[limit->exempt_count]))
			limit->exempt_count++;
}

void section_rate_limit(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"queries", read_queries, false}, {"slip", read_slip, false},
		{"ipv4", read_ipv4, false},       {"ipv6", read_ipv6, false},
		{"exempt", read_exempt, false},   {"waiting", read_waiting, false},
	};
	struct config_rate_limit *limit = &((struct config *)target)->rate_limit;
	if (node->kind != NODE_SCALAR) {
		(void)reader_mapping(reader, node, "`rate-limit`", fields, PF_COUNT(fields), limit);
		return;
	}
	if (value_switch(node) == 0)
		limit->queries = 0;
	else
		tell_error(reader, node->pos,
		           "`rate-limit` must be `off` or a mapping with `queries` (a minute), `slip`, "
		           "`waiting`, `ipv4`, `ipv6` and `exempt`, but text was found");
}

void default_rate_limit(struct reader *reader)
{
	static const char *const loopback[] = {"127.0.0.0/8", "::1"};
	struct config_rate_limit *limit = &reader->config->rate_limit;
	*limit = (struct config_rate_limit){
		.queries = QUERIES_DEFAULT,
		.slip = SLIP_DEFAULT,
		.waiting = WAITING_DEFAULT,
		.ipv4 = IPV4_DEFAULT,
		.ipv6 = IPV6_DEFAULT,
		.exempt =
			reader_alloc(reader, CONFIG_EXEMPT_MAX + CONFIG_FORWARDERS_MAX, sizeof *limit->exempt),
	};
	for (size_t i = 0; i < PF_COUNT(loopback) && limit->exempt; i++)
		if (prefix_parse(loopback[i], &limit->exempt[limit->exempt_count]) == PF_OK)
			limit->exempt_count++;
}

void finish_rate_limit(struct reader *reader)
{
	struct config *config = reader->config;
	struct config_rate_limit *limit = &config->rate_limit;
	for (size_t i = 0; i < config->forwarder_count && limit->exempt; i++)
		limit->exempt[limit->exempt_count++] = config->forwarders[i];
}
