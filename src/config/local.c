/* hosts, hosts-file, forward, escape-hatches, rebinding: names that are answered in the house, and those that are
 * asked elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "config/pattern.h"
#include "config/sections.h"
#include "config/upstreams.h"
#include "config/values.h"

#define HOST_ADDRESSES_MAX 64 /* of one name */
#define FORWARD_ZONES_MAX 256 /* of one item */
#define REBINDING_ALLOW_MAX 1024

const char *const config_hatch_names[CONFIG_HATCH_COUNT] = {
	[HATCH_CANARY] = "use-application-dns.net",
	[HATCH_MASK] = "mask.icloud.com",
	[HATCH_MASK_H2] = "mask-h2.icloud.com",
	[HATCH_DDR] = "resolver.arpa",
};

/* ---- hosts ------------------------------------------------------------------------------- */

static void read_host_name(struct reader *reader, const struct node *node, void *target)
{
	struct config_host *host = target;
	(void)value_name(reader, node, "name", &host->name);
}

static void read_host_ip(struct reader *reader, const struct node *node, void *target)
{
	struct config_host *host = target;
	const struct list_shape shape = {"ip", "an address or a list of addresses", HOST_ADDRESSES_MAX,
	                                 false};
	host->addresses =
		reader_alloc(reader, reader_list(reader, node, &shape), sizeof *host->addresses);
	if (!host->addresses)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct addr addr = {0};
		bool twice = false;
		if (!value_addr(reader, item, "ip", &addr))
			continue;
		for (size_t i = 0; i < host->address_count; i++)
			twice = twice || addr_equal(&host->addresses[i], &addr);
		if (twice)
			tell_error(reader, item->pos, "`ip` names `%s` twice", item->text);
		else
			host->addresses[host->address_count++] = addr;
	}
}

static void read_host_cname(struct reader *reader, const struct node *node, void *target)
{
	struct config_host *host = target;
	host->has_cname = value_name(reader, node, "cname", &host->target);
}

static void read_host_ptr(struct reader *reader, const struct node *node, void *target)
{
	struct config_host *host = target;
	host->has_ptr = value_name(reader, node, "ptr", &host->target);
}

static void read_host_ttl(struct reader *reader, const struct node *node, void *target)
{
	struct config_host *host = target;
	int64_t ttl_us = host->ttl_s * 1000000LL;
	reader_duration(reader, node, "ttl", &ttl_us);
	if (ttl_us < 1000000 || ttl_us > CONFIG_HOST_TTL_MAX_S * 1000000LL)
		tell_error(reader, node->pos, "`ttl` must be from 1s to 1d, but `%s` was found",
		           node->text);
	else
		host->ttl_s = (uint32_t)(ttl_us / 1000000);
}

enum { HOST_NAME, HOST_IP, HOST_CNAME, HOST_PTR, HOST_TTL };
static const struct field host_fields[] = {
	[HOST_NAME] = {"name", read_host_name, true},     [HOST_IP] = {"ip", read_host_ip, false},
	[HOST_CNAME] = {"cname", read_host_cname, false}, [HOST_PTR] = {"ptr", read_host_ptr, false},
	[HOST_TTL] = {"ttl", read_host_ttl, false},
};

static void check_host(struct reader *reader, const struct node *item, unsigned seen,
                       const struct config_host *host)
{
	bool ip = seen & 1u << HOST_IP, cname = seen & 1u << HOST_CNAME, ptr = seen & 1u << HOST_PTR;
	if (item->kind != NODE_MAPPING)
		return;
	if (!ip && !cname && !ptr)
		tell_error(reader, item->pos,
		           "a host needs `ip`, `cname` or `ptr`: what should its name lead to?");
	else if (ip + cname + ptr > 1)
		tell_error(reader, item->pos,
		           "a host has one of `ip`, `cname` and `ptr`, but here are several");
	else if (host->has_cname && host->name.length && dns_name_equal(&host->name, &host->target))
		tell_error(reader, item->pos, "the `cname` of this host is its own name");
}

void section_hosts(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	size_t count = reader_items(reader, node, "hosts", CONFIG_HOSTS_MAX);
	config->hosts = reader_alloc(reader, count, sizeof *config->hosts);
	if (!config->hosts)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_host *host = &config->hosts[config->host_count++];
		host->pos = item->pos;
		host->ttl_s = CONFIG_HOST_TTL_DEFAULT_S;
		unsigned seen =
			reader_mapping(reader, item, "a host", host_fields, PF_COUNT(host_fields), host);
		check_host(reader, item, seen, host);
	}
}

void section_hosts_file(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct file_identity identity;
	config->hosts_file = reader_path(reader, node, "hosts-file");
	config->hosts_file_pos = node->pos;
	if (config->hosts_file)
		(void)reader_file_opens(reader, node->pos, "hosts-file", config->hosts_file, &identity);
}

/* ---- forward ----------------------------------------------------------------------------- */

/* The list that is being read. */
struct forward_list {
	const struct config_forward *forwards;
	const size_t *count;
	struct config_forward *last;
};

static bool zone_is_taken(const struct forward_list *list, const struct dns_name *zone)
{
	for (size_t i = 0; i < *list->count; i++)
		for (size_t z = 0; z < list->forwards[i].zone_count; z++)
			if (dns_name_equal(&list->forwards[i].zones[z], zone))
				return true;
	return false;
}

static void read_zone(struct reader *reader, const struct node *item,
                      const struct forward_list *list)
{
	struct dns_name zone;
	if (item->kind == NODE_SCALAR && !strncmp(item->text, "*.", 2)) {
		tell_error(reader, item->pos,
		           "`%s` of `zones`: a zone covers itself and everything below it; write `%s`",
		           item->text, item->text + 2);
		return;
	}
	if (item->kind == NODE_SCALAR && !strcmp(item->text, ".")) {
		tell_error(reader, item->pos,
		           "`.` of `zones` is everything; name these resolvers in `upstreams`");
		return;
	}
	if (!value_name(reader, item, "zones", &zone))
		return;
	if (zone_is_taken(list, &zone))
		tell_error(reader, item->pos, "the zone `%s` is given twice", item->text);
	else
		list->last->zones[list->last->zone_count++] = zone;
}

static void read_zones(struct reader *reader, const struct node *node, void *target)
{
	const struct forward_list *list = target;
	struct config_forward *forward = list->last;
	const struct list_shape shape = {"zones", "a name or a list of names", FORWARD_ZONES_MAX,
	                                 false};
	forward->zones =
		reader_alloc(reader, reader_list(reader, node, &shape), sizeof *forward->zones);
	if (!forward->zones)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_zone(reader, item, list);
}

static void read_forward_upstreams(struct reader *reader, const struct node *node, void *target)
{
	struct config_forward *forward = ((const struct forward_list *)target)->last;
	value_upstreams(reader, node, forward->upstreams, &forward->upstream_count);
}

void value_forwards(struct reader *reader, const struct node *node, const char *key,
                    const char *what, struct config_forward **forwards, size_t *count)
{
	static const struct field fields[] = {
		{"zones", read_zones, true},
		{"upstreams", read_forward_upstreams, true},
	};
	*forwards = reader_alloc(reader, reader_items(reader, node, key, CONFIG_FORWARD_MAX),
	                         sizeof **forwards);
	if (!*forwards)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct forward_list list = {*forwards, count, &(*forwards)[*count]};
		++*count;
		list.last->pos = item->pos;
		(void)reader_mapping(reader, item, what, fields, PF_COUNT(fields), &list);
	}
}

void forward_deinit(struct config_forward *forward)
{
	free(forward->zones);
	upstreams_deinit(forward->upstreams, &forward->upstream_count);
}

void section_forward(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	value_forwards(reader, node, "forward", "a forward zone", &config->forwards,
	               &config->forward_count);
}

/* ---- switches ---------------------------------------------------------------------------- */

static void read_hatch(struct reader *reader, const struct node *node, enum config_hatch hatch)
{
	int on = value_switch(node);
	if (on < 0)
		tell_error(reader, node->pos, "`%s` must be `on` or `off`", config_hatch_names[hatch]);
	else
		reader->config->hatches_open[hatch] = !on;
}

static void read_canary(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	read_hatch(reader, node, HATCH_CANARY);
}

static void read_mask(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	read_hatch(reader, node, HATCH_MASK);
}

static void read_mask_h2(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	read_hatch(reader, node, HATCH_MASK_H2);
}

static void read_ddr(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	read_hatch(reader, node, HATCH_DDR);
}

void section_escape_hatches(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"use-application-dns.net", read_canary, false},
		{"mask.icloud.com", read_mask, false},
		{"mask-h2.icloud.com", read_mask_h2, false},
		{"resolver.arpa", read_ddr, false},
	};
	struct config *config = target;
	int on = value_switch(node);
	if (on >= 0) {
		for (size_t i = 0; i < CONFIG_HATCH_COUNT; i++)
			config->hatches_open[i] = !on;
	} else if (node->kind == NODE_SCALAR) {
		tell_error(reader, node->pos,
		           "`escape-hatches` must be `on`, `off`, or a mapping of names to these, but text "
		           "was found");
	} else {
		(void)reader_mapping(reader, node, "`escape-hatches`", fields, PF_COUNT(fields), config);
	}
}

static void read_allow(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	const struct list_shape shape = {"rebinding.allow", "a name, \"*.suffix\" or a list of these",
	                                 REBINDING_ALLOW_MAX, true};
	config->rebinding_allow =
		reader_alloc(reader, reader_list(reader, node, &shape), sizeof *config->rebinding_allow);
	if (!config->rebinding_allow)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct config_pattern *pattern = &config->rebinding_allow[config->rebinding_allow_count++];
		pattern_read(reader, item, "rebinding.allow", pattern);
		if (pattern->kind == PATTERN_REGEX)
			tell_error(reader, item->pos,
			           "`rebinding.allow` takes names and \"*.suffix\", no regular expressions");
	}
}

void section_rebinding(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {{"allow", read_allow, false}};
	struct config *config = target;
	int on = value_switch(node);
	if (on >= 0)
		config->rebinding_open = !on;
	else if (node->kind == NODE_SCALAR)
		tell_error(
			reader, node->pos,
			"`rebinding` must be `on`, `off`, or a mapping with `allow`, but text was found");
	else
		(void)reader_mapping(reader, node, "`rebinding`", fields, PF_COUNT(fields), config);
}

void local_deinit(struct config *config)
{
	for (size_t i = 0; i < config->host_count; i++)
		free(config->hosts[i].addresses);
	for (size_t i = 0; i < config->forward_count; i++)
		forward_deinit(&config->forwards[i]);
	for (size_t i = 0; i < config->rebinding_allow_count; i++)
		pattern_deinit(&config->rebinding_allow[i]);
	free(config->hosts);
	free(config->hosts_file);
	free(config->forwards);
	free(config->rebinding_allow);
}
