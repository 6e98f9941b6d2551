/* Builds the tables of local.h and finds names in them. */
#include "local/local.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "local/hosts.h"
#include "local/zones.h"

struct zone {
	struct dns_name name;
	const char *why;
	bool exists, loopback;
};

struct group {
	struct local_group shown;
	struct dns_name *zones;
	struct upstream_target *upstreams;
};

/* RFC 6303 has 20 zones and 16 of 172; RFC 7793 64; and those of single names. */
#define ZONES_MAX 128

#define DISCOVERY_NAME "_dns.resolver.arpa"

struct local {
	struct names table;
	struct hosts hosts;
	struct zone zones[ZONES_MAX];
	size_t zone_count;
	struct dns_name hatch_names[CONFIG_HATCH_COUNT], discovery_name;
	bool discovers; /* clients are told of our encrypted endpoints */
	struct group groups[CONFIG_FORWARD_MAX];
	size_t group_count;
	bool rebinding_open;
	struct config_pattern *allow; /* kind and name only */
	size_t allow_count;
	char *config_file, *hosts_file;
};

/* `mask.icloud.com` is asked by Apple's relay, RFC 9462 by all who look for an encrypted resolver. */
static const struct rule_reply nxdomain = {.kind = REPLY_NXDOMAIN};
static const struct rule_reply nodata = {.kind = REPLY_NODATA};
static const struct {
	const struct rule_reply *reply;
	bool below; /* names below it too */
	const char *why;
} hatches[CONFIG_HATCH_COUNT] = {
	[HATCH_CANARY] = {&nxdomain, false, "without it Firefox leaves DNS to this network"},
	[HATCH_MASK] = {&nxdomain, false, "without it iCloud Private Relay stays off"},
	[HATCH_MASK_H2] = {&nxdomain, false, "without it iCloud Private Relay stays off"},
	[HATCH_DDR] = {&nodata, true, "it names no other resolver (RFC 9462)"},
};

void local_free(struct local **local)
{
	struct local *old = *local;
	if (!old)
		return;
	hosts_deinit(&old->hosts);
	names_deinit(&old->table);
	for (size_t i = 0; i < old->group_count; i++) {
		free(old->groups[i].zones);
		free(old->groups[i].upstreams);
	}
	free(old->allow);
	free(old->config_file);
	free(old->hosts_file);
	free(old);
	*local = NULL;
}

/* ---- building ---------------------------------------------------------------------------- */

static int put_zone(struct local *local, const char *text, const char *why, bool exists,
                    bool loopback)
{
	struct zone *zone = &local->zones[local->zone_count];
	if (local->zone_count == ZONES_MAX || dns_name_from_text(text, &zone->name) != PF_OK)
		return PF_EINVAL;
	zone->why = why;
	zone->exists = exists;
	zone->loopback = loopback;
	struct names_node *node = names_add(&local->table, &zone->name);
	if (!node)
		return PF_ENOMEM;
	node->zone = (uint32_t)++local->zone_count;
	names_mark_zone(&local->table, &zone->name);
	return PF_OK;
}

static int add_zone(void *data, const struct builtin_zone *zone)
{
	return put_zone(data, zone->name, zone->why, zone->exists, false);
}

static int build_zones(struct local *local)
{
	int result = zones_each(add_zone, local);
	return result == PF_OK ? put_zone(local, "localhost", "RFC 6761", true, true) : result;
}

static int build_hatches(struct local *local, const struct config *config)
{
	local->discovers = config->certificate.wanted && !config->discovery.off;
	if (dns_name_from_text(DISCOVERY_NAME, &local->discovery_name) != PF_OK)
		return PF_EINVAL;
	for (size_t i = 0; i < CONFIG_HATCH_COUNT; i++) {
		struct dns_name *name = &local->hatch_names[i];
		if (config->hatches_open[i])
			continue;
		if (dns_name_from_text(config_hatch_names[i], name) != PF_OK)
			return PF_EINVAL;
		struct names_node *node = names_add(&local->table, name);
		if (!node)
			return PF_ENOMEM;
		node->hatch = (uint32_t)(i + 1);
		if (hatches[i].below)
			names_mark_zone(&local->table, name);
	}
	return PF_OK;
}

/* Of all zones and servers: another set of either is another group, with nothing in its cache. */
static uint64_t group_id(const struct local_group *group)
{
	struct hash_key key = {0};
	for (size_t i = 0; i < group->zone_count; i++)
		key.seed = hash_bytes(key, group->zones[i].wire, group->zones[i].length);
	for (size_t i = 0; i < group->upstream_count; i++)
		key.seed = hash_bytes(key, &group->upstreams[i].key, sizeof group->upstreams[i].key);
	uint64_t id = key.seed >> 1;
	return id != LOCAL_GROUP_DEFAULT ? id : 1;
}

static void *copy_of(const void *from, size_t count, size_t size)
{
	void *copy = malloc(count * size + 1);
	if (copy && count)
		memcpy(copy, from, count * size);
	return copy;
}

static int build_groups(struct local *local, const struct config *config)
{
	for (size_t i = 0; i < config->forward_count; i++) {
		const struct config_forward *from = &config->forwards[i];
		struct group *group = &local->groups[local->group_count++];
		group->zones = copy_of(from->zones, from->zone_count, sizeof *from->zones);
		group->upstreams = copy_of(from->upstreams, from->upstream_count, sizeof *from->upstreams);
		if (!group->zones || !group->upstreams)
			return PF_ENOMEM;
		group->shown = (struct local_group){0, from->zone_count, from->upstream_count, group->zones,
		                                    group->upstreams};
		group->shown.id = group_id(&group->shown);
		for (size_t z = 0; z < from->zone_count; z++) {
			struct names_node *node = names_add(&local->table, &from->zones[z]);
			if (!node)
				return PF_ENOMEM;
			node->forward = (uint32_t)(i + 1);
			names_mark_zone(&local->table, &from->zones[z]);
		}
	}
	return PF_OK;
}

static int build_rest(struct local *local, const struct config *config)
{
	local->rebinding_open = config->rebinding_open;
	local->config_file = strdup(config->file);
	local->hosts_file = strdup(config->hosts_file ? config->hosts_file : "");
	local->allow = copy_of(config->rebinding_allow, config->rebinding_allow_count,
	                       sizeof *config->rebinding_allow);
	if (!local->config_file || !local->hosts_file || !local->allow)
		return PF_ENOMEM;
	local->allow_count = config->rebinding_allow_count;
	for (size_t i = 0; i < local->allow_count; i++)
		local->allow[i].text = local->allow[i].regex = NULL; /* the configuration's */
	return PF_OK;
}

int local_build(const struct config *config, struct diag *diag, struct local **out)
{
	*out = NULL;
	struct local *local = calloc(1, sizeof *local);
	if (!local)
		return PF_ENOMEM;
	local->hosts.table = &local->table;
	int result = build_rest(local, config);
	if (result == PF_OK)
		result = build_zones(local);
	if (result == PF_OK)
		result = build_hatches(local, config);
	if (result == PF_OK)
		result = build_groups(local, config);
	if (result == PF_OK)
		result = hosts_build(&local->hosts, config, diag);
	if (result != PF_OK)
		local_free(&local);
	*out = local;
	return result;
}

/* ---- finding ----------------------------------------------------------------------------- */

static void find_host(const struct local *local, size_t index, const struct dns_name *name,
                      uint16_t type, struct local_hit *hit)
{
	const struct host *host = &local->hosts.hosts[index];
	hit->file = host->from_file ? local->hosts_file : local->config_file;
	hit->line = host->line;
	hit->answer = type == DNS_TYPE_A       ? host->a
	              : type == DNS_TYPE_AAAA  ? host->aaaa
	              : type == DNS_TYPE_PTR   ? host->ptr
	              : type == DNS_TYPE_CNAME ? host->cname
	                                       : NULL;
	hit->kind = hit->answer ? LOCAL_ANSWER : LOCAL_NODATA;
	hit->zone = name;
	if (!hit->answer && host->cname) {
		hit->kind = LOCAL_ALIAS;
		hit->answer = host->cname;
		hit->target = &host->target;
	}
}

/* What the zones above a name say; each may be NULL. */
struct above {
	const struct names_node *forward, *zone, *hatch;
};

static void look_above(const struct local *local, const struct dns_name *name, struct above *above)
{
	size_t length = name->length;
	for (const uint8_t *label = name->wire; *label && !above->forward;) {
		const struct names_node *node = names_find(&local->table, label, length);
		if (node && node->forward)
			above->forward = node;
		if (node && node->zone && !above->zone)
			above->zone = node;
		if (node && node->hatch && hatches[node->hatch - 1].below && !above->hatch)
			above->hatch = node;
		length -= *label + 1u;
		label += *label + 1u;
	}
}

static void find_hatch(const struct local *local, const struct names_node *node,
                       const struct dns_name *name, uint16_t type, struct local_hit *hit)
{
	bool discovery = local->discovers && node->hatch == HATCH_DDR + 1 && type == DNS_TYPE_SVCB &&
	                 dns_name_equal(name, &local->discovery_name);
	hit->kind = discovery ? LOCAL_DISCOVERY : LOCAL_HATCH;
	hit->reply = hatches[node->hatch - 1].reply;
	hit->why = hatches[node->hatch - 1].why;
}

/* RFC 9462, 6.4: who answers there answers for all of it. */
static bool is_zone_of_ours(const struct local *local, const struct names_node *hatch)
{
	return local->discovers && hatch->hatch == HATCH_DDR + 1;
}

static void find_zone(const struct zone *zone, const struct dns_name *name, uint16_t type,
                      struct local_hit *hit)
{
	bool top = dns_name_equal(name, &zone->name);
	if (top && zone->exists && type == DNS_TYPE_DS)
		return; /* it is the parent's, so of those outside */
	hit->zone = &zone->name;
	hit->why = zone->why;
	hit->kind = LOCAL_ZONE;
	hit->rcode = top && zone->exists ? DNS_RCODE_NOERROR : DNS_RCODE_NXDOMAIN;
	if (!zone->loopback)
		return;
	hit->rcode = DNS_RCODE_NOERROR;
	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA)
		hit->kind = LOCAL_LOOPBACK;
}

void local_find(const struct local *local, const struct dns_name *name, uint16_t type, bool allowed,
                struct local_hit *hit)
{
	const struct names_node *node = names_find(&local->table, name->wire, name->length);
	struct above above = {0};
	*hit = (struct local_hit){.kind = LOCAL_ELSEWHERE, .group = LOCAL_GROUP_DEFAULT};
	if (node && node->host) {
		find_host(local, node->host - 1, name, type, hit);
		return;
	}
	if (node && node->hatch)
		above.hatch = node;
	if (names_may_have_zone(&local->table, name))
		look_above(local, name, &above);
	if (above.forward)
		hit->group = local->groups[above.forward->forward - 1].shown.id;
	else if (above.hatch && (!allowed || is_zone_of_ours(local, above.hatch)))
		find_hatch(local, above.hatch, name, type, hit);
	else if (above.zone)
		find_zone(&local->zones[above.zone->zone - 1], name, type, hit);
}

size_t local_group_count(const struct local *local)
{
	return local->group_count;
}

void local_group(const struct local *local, size_t index, struct local_group *group)
{
	*group = local->groups[index].shown;
}

size_t local_upstream_groups(const struct local *local, const struct config *config,
                             struct upstream_group groups[UPSTREAM_GROUP_MAX])
{
	size_t count = 0;
	groups[count++] =
		(struct upstream_group){LOCAL_GROUP_DEFAULT, config->upstreams, config->upstream_count};
	for (size_t i = 0; i < local->group_count && count < UPSTREAM_GROUP_MAX; i++) {
		const struct local_group *from = &local->groups[i].shown;
		groups[count++] = (struct upstream_group){from->id, from->upstreams, from->upstream_count};
	}
	if (config->bootstrap_count && count < UPSTREAM_GROUP_MAX)
		groups[count++] = (struct upstream_group){UPSTREAM_GROUP_BOOTSTRAP, config->bootstrap,
		                                          config->bootstrap_count};
	return count;
}

bool local_believes(const struct local *local, uint64_t group, const struct dns_name *name,
                    uint16_t type)
{
	struct local_hit hit;
	local_find(local, name, type, false, &hit);
	return hit.kind == LOCAL_ELSEWHERE && hit.group == group;
}

bool local_has_group(const struct local *local, uint64_t id)
{
	for (size_t i = 0; i < local->group_count; i++)
		if (local->groups[i].shown.id == id)
			return true;
	return id == LOCAL_GROUP_DEFAULT;
}

bool local_rebinding_allows(const struct local *local, const struct dns_name *name)
{
	if (local->rebinding_open)
		return true;
	for (size_t i = 0; i < local->allow_count; i++) {
		const struct config_pattern *pattern = &local->allow[i];
		bool same = dns_name_equal(name, &pattern->name);
		if (pattern->kind == PATTERN_EXACT ? same
		                                   : !same && dns_name_is_under(name, &pattern->name))
			return true;
	}
	return false;
}
