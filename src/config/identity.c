/* tags, tag-rules, trusted-forwarders, leases, new-for, silent-after, vendors: how devices are recognised, and what follows
 * from it. */
#include <stdlib.h>
#include <string.h>

#include "config/sections.h"
#include "config/unique.h"
#include "config/values.h"

#define GLOB_BYTES_MAX 256 /* longer than any name */
#define TIMES_MAX 1000000  /* in an hour: more than any device asks */

void section_tags(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	const struct list_shape shape = {"tags", "a word or a list of words", TAG_MAX, true};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		(void)read_new_tag(reader, item, "tags");
}

void section_new_for(struct reader *reader, const struct node *node, void *target)
{
	reader_duration(reader, node, "new-for", &((struct config *)target)->new_for_us);
}

void section_silent_after(struct reader *reader, const struct node *node, void *target)
{
	read_silent_after(reader, node, &((struct config *)target)->silent_after_us);
}

void section_vendors(struct reader *reader, const struct node *node, void *target)
{
	((struct config *)target)->vendors = reader_path(reader, node, "vendors");
}

void section_trusted_forwarders(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	const struct list_shape shape = {"trusted-forwarders",
	                                 "an address, a network or a list of these",
	                                 CONFIG_FORWARDERS_MAX, true};
	config->forwarders =
		reader_alloc(reader, reader_list(reader, node, &shape), sizeof *config->forwarders);
	if (!config->forwarders)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (value_prefix(reader, item, "trusted-forwarders",
		                 &config->forwarders[config->forwarder_count]))
			config->forwarder_count++;
}

/* ---- leases ------------------------------------------------------------------------------ */

static void read_lease_file(struct reader *reader, const struct node *node, void *target)
{
	((struct config_lease_file *)target)->path = reader_path(reader, node, "file");
}

static void read_lease_format(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"dnsmasq", "dhcpd", "kea", "odhcpd"};
	int word = reader_word(reader, node, "format", words, PF_COUNT(words));
	if (word >= 0)
		((struct config_lease_file *)target)->format = (enum lease_format)word;
}

void section_leases(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"file", read_lease_file, true},
		{"format", read_lease_format, true},
	};
	struct config *config = target;
	size_t count = reader_items(reader, node, "leases", CONFIG_LEASE_FILES_MAX);
	config->lease_files = reader_alloc(reader, count, sizeof *config->lease_files);
	if (!config->lease_files)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_lease_file *file = &config->lease_files[config->lease_file_count++];
		file->pos = item->pos;
		(void)reader_mapping(reader, item, "a file of leases", fields, PF_COUNT(fields), file);
		for (size_t i = 0; i + 1 < config->lease_file_count; i++)
			if (file->path && config->lease_files[i].path &&
			    !strcmp(file->path, config->lease_files[i].path))
				tell_error(reader, item->pos, "`leases` names `%s` twice", file->path);
	}
}

/* ---- tag rules --------------------------------------------------------------------------- */

static void read_rule_tag(struct reader *reader, const struct node *node, void *target)
{
	int tag = read_new_tag(reader, node, "tag");
	if (tag == TAG_ALL)
		tell_error(reader, node->pos, "every device has the tag `all`; give this rule another");
	else if (tag > 0)
		((struct config_tag_rule *)target)->tag = (uint8_t)tag;
}

static char *read_glob(struct reader *reader, const struct node *node, const char *key)
{
	return reader_name(reader, node, key, GLOB_BYTES_MAX);
}

static void read_vendor(struct reader *reader, const struct node *node, void *target)
{
	((struct config_tag_rule *)target)->vendor = read_glob(reader, node, "vendor");
}

static void read_hostname(struct reader *reader, const struct node *node, void *target)
{
	((struct config_tag_rule *)target)->hostname = read_glob(reader, node, "hostname");
}

static void read_mac_glob(struct reader *reader, const struct node *node, void *target)
{
	struct config_tag_rule *rule = target;
	rule->mac = read_glob(reader, node, "mac");
	if (rule->mac && strspn(rule->mac, "0123456789abcdefABCDEF:*?") != strlen(rule->mac))
		tell_error(reader, node->pos,
		           "`mac` of a tag rule must be a MAC address with `*` or `?` in it, such as "
		           "`64:bc:0c:*`, but `%s` was found",
		           rule->mac);
}

static void read_asks(struct reader *reader, const struct node *node, void *target)
{
	((struct config_tag_rule *)target)->asks = read_glob(reader, node, "asks");
}

static void read_times(struct reader *reader, const struct node *node, void *target)
{
	(void)reader_number(reader, node, "times", 1, TIMES_MAX,
	                    &((struct config_tag_rule *)target)->times);
}

enum { FIELD_TAG, FIELD_VENDOR, FIELD_HOSTNAME, FIELD_MAC, FIELD_ASKS, FIELD_TIMES };

void section_tag_rules(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		[FIELD_TAG] = {"tag", read_rule_tag, true},
		[FIELD_VENDOR] = {"vendor", read_vendor, false},
		[FIELD_HOSTNAME] = {"hostname", read_hostname, false},
		[FIELD_MAC] = {"mac", read_mac_glob, false},
		[FIELD_ASKS] = {"asks", read_asks, false},
		[FIELD_TIMES] = {"times", read_times, false},
	};
	const unsigned conditions =
		1u << FIELD_VENDOR | 1u << FIELD_HOSTNAME | 1u << FIELD_MAC | 1u << FIELD_ASKS;
	struct config *config = target;
	size_t count = reader_items(reader, node, "tag-rules", CONFIG_TAG_RULES_MAX);
	config->tag_rules = reader_alloc(reader, count, sizeof *config->tag_rules);
	if (!config->tag_rules)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_tag_rule *rule = &config->tag_rules[config->tag_rule_count++];
		rule->pos = item->pos;
		unsigned seen = reader_mapping(reader, item, "a tag rule", fields, PF_COUNT(fields), rule);
		if (item->kind == NODE_MAPPING && !(seen & conditions))
			tell_error(reader, item->pos,
			           "a tag rule needs `vendor`, `hostname`, `mac` or `asks`: else every device "
			           "would get its tag");
		if (seen & 1u << FIELD_TIMES && !(seen & 1u << FIELD_ASKS))
			tell_error(reader, item->pos, "`times` goes with `asks` only, which is not there");
	}
}

void tag_rule_deinit(struct config_tag_rule *rule)
{
	free(rule->vendor);
	free(rule->hostname);
	free(rule->mac);
	free(rule->asks);
}
