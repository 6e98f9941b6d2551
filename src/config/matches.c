/* The readers of matches.h. */
#include "config/matches.h"

#include <stdio.h>
#include <string.h>

#include "config/pattern.h"
#include "config/values.h"
#include "dns/dns.h"

static void read_tag(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	const struct tag_table *tags = &reader->config->tags;
	const char *names[TAG_MAX];
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "tags", "a word");
	if (!text)
		return;
	int tag = tag_find(tags, text);
	if (tag >= 0) {
		rule->tags |= tag_bit((size_t)tag);
		return;
	}
	for (size_t i = 0; i < tags->count; i++)
		names[i] = tags->names[i];
	int nearest = reader_suggest(reader, text, names, tags->count);
	if (nearest >= 0)
		tell_error(reader, node->pos, "unknown tag `%s`: no device has it; did you mean `%s`?",
		           shown(text, show), names[nearest]);
	else
		tell_error(reader, node->pos, "unknown tag `%s`: no device has it", shown(text, show));
}

void match_tags(struct reader *reader, const struct node *node, void *target)
{
	const struct list_shape shape = {"tags", "a tag or a list of tags", TAG_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_tag(reader, item, target);
}

static void read_patterns(struct reader *reader, const struct node *node, const char *key,
                          struct config_pattern **patterns, size_t *count)
{
	const struct list_shape shape = {key, "a name, \"*.suffix\", \"/regex/\" or a list of these",
	                                 MATCH_VALUES_MAX, false};
	*patterns = reader_alloc(reader, reader_list(reader, node, &shape), sizeof **patterns);
	if (!*patterns)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		pattern_read(reader, item, key, &(*patterns)[(*count)++]);
}

void match_names(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	read_patterns(reader, node, "names", &rule->names, &rule->name_count);
}

void match_cname(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	read_patterns(reader, node, "cname", &rule->cnames, &rule->cname_count);
}

static void read_list(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	const struct config *config = reader->config;
	const char *names[LIST_MAX];
	char show[SHOWN_MAX];
	size_t count = 0;
	const char *text = reader_text(reader, node, "lists", "the name of a list");
	if (!text)
		return;
	for (size_t i = 0; i < config->list_count; i++) {
		if (!config->lists[i].name)
			continue;
		names[count++] = config->lists[i].name;
		if (strcmp(text, config->lists[i].name))
			continue;
		list_set_add(&rule->lists, i);
		return;
	}
	int nearest = reader_suggest(reader, text, names, count);
	if (nearest >= 0)
		tell_error(reader, node->pos, "unknown list `%s`; did you mean `%s`?", shown(text, show),
		           names[nearest]);
	else
		tell_error(reader, node->pos, "unknown list `%s`: `lists` holds none of this name",
		           shown(text, show));
}

void match_lists(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"lists", "the name of a list or several of them", LIST_MAX,
	                                 false};
	rule->lists_given = true;
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_list(reader, item, rule);
}

static void read_type(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	/* For suggestions only: what devices ask for. */
	static const char *const common[] = {"A",     "AAAA", "HTTPS", "SVCB", "CNAME", "TXT",   "PTR",
	                                     "SRV",   "MX",   "NS",    "SOA",  "ANY",   "CAA",   "DS",
	                                     "NAPTR", "TLSA", "SSHFP", "LOC",  "HINFO", "DNSKEY"};
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "types", "the name of a type");
	if (!text)
		return;
	int type = dns_type_from_text(text);
	if (type > 0) {
		rule->types[rule->type_count++] = (uint16_t)type;
		return;
	}
	int nearest = reader_suggest(reader, text, common, PF_COUNT(common));
	if (nearest >= 0)
		tell_error(reader, node->pos, "unknown type `%s`; did you mean `%s`?", shown(text, show),
		           common[nearest]);
	else
		tell_error(reader, node->pos, "unknown type `%s`; write it like A, AAAA, HTTPS or TYPE65",
		           shown(text, show));
}

void match_types(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"types", "a type like AAAA or a list of types", 64, false};
	rule->types = reader_alloc(reader, reader_list(reader, node, &shape), sizeof *rule->types);
	if (!rule->types)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_type(reader, item, rule);
}

void match_standing(struct reader *reader, const struct node *node, void *target)
{
	const char *words[STANDING_INDETERMINATE];
	struct config_rule *rule = target;
	for (size_t i = 0; i < PF_COUNT(words); i++)
		words[i] = standing_word((enum standing)(i + STANDING_UNKNOWN));
	int word = reader_word(reader, node, "standing", words, PF_COUNT(words));
	if (word >= 0)
		rule->standing = (enum standing)(word + STANDING_UNKNOWN);
}

void match_confidence(struct reader *reader, const struct node *node, void *target)
{
	const char *words[CONFIDENCE_HIGH];
	struct config_rule *rule = target;
	for (size_t i = 0; i < PF_COUNT(words); i++)
		words[i] = confidence_word((enum confidence)(i + CONFIDENCE_LOW));
	int word = reader_word(reader, node, "confidence", words, PF_COUNT(words));
	if (word >= 0)
		rule->confidence = (enum confidence)(word + CONFIDENCE_LOW);
}

void match_location(struct reader *reader, const struct node *node, void *target)
{
	value_countries(reader, node, "location", true, &((struct config_rule *)target)->location);
}

void match_control(struct reader *reader, const struct node *node, void *target)
{
	value_countries(reader, node, "control", true, &((struct config_rule *)target)->control);
}

static void read_asn(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "asn", "a number like 37963 or AS37963");
	if (!text)
		return;
	const char *c = strncasecmp(text, "AS", 2) ? text : text + 2;
	uint64_t number = 0;
	while (*c >= '0' && *c <= '9' && number <= UINT32_MAX)
		number = number * 10 + (uint64_t)(*c++ - '0');
	if (*c || !number || number > UINT32_MAX)
		tell_error(reader, node->pos,
		           "bad network number `%s` for `asn`; write it like 37963 or AS37963",
		           shown(text, show));
	else
		rule->asns[rule->asn_count++] = (uint32_t)number;
}

void match_asn(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"asn", "a number like 37963 or a list of numbers",
	                                 MATCH_VALUES_MAX, false};
	rule->asns = reader_alloc(reader, reader_list(reader, node, &shape), sizeof *rule->asns);
	if (!rule->asns)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_asn(reader, item, rule);
}

void match_addresses(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"addresses", "an address, a network or a list of these",
	                                 MATCH_VALUES_MAX, false};
	rule->addresses =
		reader_alloc(reader, reader_list(reader, node, &shape), sizeof *rule->addresses);
	if (!rule->addresses)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (value_prefix(reader, item, "addresses", &rule->addresses[rule->address_count]))
			rule->address_count++;
}
