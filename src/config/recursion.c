/* dnssec, recursion: who finds out what is true, when it is not the upstreams' word alone. The daemon itself asks one server then, the
 * recursor on the loopback interface (src/recursor/), and it asks the upstreams or the authoritative name servers. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/sections.h"
#include "config/upstreams.h"
#include "config/values.h"

#define ROOT_KEY "/usr/share/dns/root.key"
#define ANCHORS_MAX \
	64 /* zones whose signatures are known to be wrong: a handful, in a house with a history */

/* Beside 53 and 5353 (mDNS), and where those who run a recursive resolver behind another one look for it. */
static const struct addr_port address_default = {{4, {127, 0, 0, 1}}, 5335};

void section_dnssec(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {
		[CONFIG_DNSSEC_OFF] = "off", [CONFIG_DNSSEC_VALIDATE] = "validate"};
	int word = reader_word(reader, node, "dnssec", words, PF_COUNT(words));
	if (word >= 0)
		((struct config *)target)->recursion.dnssec = (enum config_dnssec)word;
}

static void read_address(struct reader *reader, const struct node *node, void *target)
{
	struct config_recursion *recursion = target;
	struct addr_port one;
	if (!value_addr_port(reader, node, "recursion.address", address_default.port, &one))
		return;
	if (addr_is_loopback(&one.addr))
		recursion->address = one;
	else
		tell_error(reader, node->pos,
		           "`recursion.address` must be an address of the loopback interface, like "
		           "127.0.0.1:5335: whoever else could ask it would go around the rules");
}

static void read_file(struct reader *reader, const struct node *node, const char *key, char **path)
{
	struct file_identity identity;
	free(*path);
	*path = reader_path(reader, node, key);
	if (*path && strpbrk(*path, "\"\n")) {
		tell_error(reader, node->pos, "`%s`: the name of a file may have no \" here", key);
		free(*path);
		*path = NULL;
	}
	if (*path)
		(void)reader_file_opens(reader, node->pos, key, *path, &identity);
}

static void read_hints(struct reader *reader, const struct node *node, void *target)
{
	read_file(reader, node, "recursion.root-hints", &((struct config_recursion *)target)->hints);
}

static void read_anchor(struct reader *reader, const struct node *node, void *target)
{
	read_file(reader, node, "recursion.trust-anchor", &((struct config_recursion *)target)->anchor);
}

static void read_unsigned(struct reader *reader, const struct node *node, void *target)
{
	struct config_recursion *recursion = target;
	const struct list_shape shape = {"recursion.negative-trust-anchors",
	                                 "a name or a list of names", ANCHORS_MAX, false};
	size_t count = reader_list(reader, node, &shape);
	free(recursion->unsigned_zones);
	recursion->unsigned_count = 0;
	recursion->unsigned_zones = reader_alloc(reader, count, sizeof *recursion->unsigned_zones);
	if (!recursion->unsigned_zones)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (value_name(reader, item, "recursion.negative-trust-anchors",
		               &recursion->unsigned_zones[recursion->unsigned_count]))
			recursion->unsigned_count++;
}

static void read_stubs(struct reader *reader, const struct node *node, void *target)
{
	struct config_recursion *recursion = target;
	value_forwards(reader, node, "recursion.stubs", "a stub zone", &recursion->stubs,
	               &recursion->stub_count);
}

void section_recursion(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"address", read_address, false},     {"root-hints", read_hints, false},
		{"trust-anchor", read_anchor, false}, {"negative-trust-anchors", read_unsigned, false},
		{"stubs", read_stubs, false},
	};
	struct config *config = target;
	(void)reader_mapping(reader, node, "recursion", fields, PF_COUNT(fields), &config->recursion);
}

void default_recursion(struct reader *reader)
{
	reader->config->recursion.address = address_default;
	reader->config->recursion.dnssec = CONFIG_DNSSEC_DEFAULT;
}

/* Without a file of its own: the root's key as Debian's dns-root-data keeps it. */
static void find_anchor(struct reader *reader, struct config_pos pos)
{
	struct config_recursion *recursion = &reader->config->recursion;
	if (!recursion->anchor && !access(ROOT_KEY, R_OK))
		recursion->anchor = reader_copy(reader, ROOT_KEY);
	else if (!recursion->anchor)
		tell_error(
			reader, pos,
			"validation needs the key of the root, and there is no %s: install the package dns-root-data, name a "
			"file in `recursion.trust-anchor`, or write `dnssec: off`",
			ROOT_KEY);
}

/* What it gathers from all that it asks is one cache, and its user can not tell which of them said what. */
static void take_subnet(struct reader *reader, struct config_pos pos, struct prefix *subnet)
{
	const struct config_recursion *recursion = &reader->config->recursion;
	*subnet = recursion->forwards[0].subnet;
	for (size_t i = 1; i < recursion->forward_count; i++)
		if (memcmp(&recursion->forwards[i].subnet, subnet, sizeof *subnet)) {
			tell_error(
				reader, pos,
				"with `dnssec: validate` all `upstreams` need the same `client-subnet`, since "
				"what they say is kept as one: write it for each of them, or `dnssec: off`");
			return;
		}
}

/* These the recursor asks itself. */
static void refuse_strange_stubs(struct reader *reader)
{
	const struct config *config = reader->config;
	for (size_t i = 0; i < config->recursion.stub_count; i++) {
		const struct config_forward *stub = &config->recursion.stubs[i];
		if (!upstreams_are_plain(stub->upstreams, stub->upstream_count))
			tell_error(
				reader, stub->pos,
				"`recursion.stubs` are asked plainly: authoritative name servers speak no TLS");
		for (size_t k = 0; k < stub->upstream_count; k++)
			if (stub->upstreams[k].subnet.addr.family)
				tell_error(
					reader, stub->pos,
					"`client-subnet` is not for `recursion.stubs`, which are told none: leave "
					"it out");
	}
}

void finish_recursion(struct reader *reader, struct config_pos pos)
{
	struct config *config = reader->config;
	struct config_recursion *recursion = &config->recursion;
	if (!config_recurses(config))
		return;
#ifndef HAVE_UNBOUND
	tell_error(reader, pos,
	           "this portafilter was built without libunbound: it can neither recurse (`upstreams: "
	           "[recursive]`) nor validate (`dnssec: validate`)");
#endif
	recursion->validates = recursion->dnssec != CONFIG_DNSSEC_OFF;
	if (recursion->validates)
		find_anchor(reader, pos);
	struct prefix subnet = {0};
	refuse_strange_stubs(reader);
	if (!recursion->recursive) {
		memcpy(recursion->forwards, config->upstreams, sizeof recursion->forwards);
		recursion->forward_count = config->upstream_count;
		take_subnet(reader, pos, &subnet);
	}
	/* It goes with the questions to the recursor, which minds it not, so that the evidence has it. */
	config->upstreams[0] = upstream_target_plain(&recursion->address);
	config->upstreams[0].subnet = subnet;
	upstream_target_seal(&config->upstreams[0]);
	config->upstream_count = 1;
}

void recursion_deinit(struct config_recursion *recursion)
{
	for (size_t i = 0; i < recursion->stub_count; i++)
		forward_deinit(&recursion->stubs[i]);
	upstreams_deinit(recursion->forwards, &recursion->forward_count);
	free(recursion->stubs);
	free(recursion->unsigned_zones);
	free(recursion->hints);
	free(recursion->anchor);
}
