/* The readers of matches.h. */
#include "config/matches.h"

#include <stdio.h>
#include <string.h>

#include "config/mention.h"
#include "config/pattern.h"
#include "config/sections.h"
#include "config/values.h"
#include "dns/dns.h"

/* In a list of things that can only be one of them, either all are negated or none: `!A` beside `AAAA` would say
 * nothing that `AAAA` does not. `*all` is set by the first. */
static bool same_sense(struct reader *reader, const struct node *node, const char *key,
                       bool negated, bool first, bool *all)
{
	if (first)
		*all = negated;
	else if (*all != negated)
		tell_error(reader, node->pos,
		           "`%s` mixes items with `!` and without; negate all of them or none", key);
	return *all == negated;
}

/* ---- the device -------------------------------------------------------------------------- */

/* The tag's index, or -1 and an error. */
static int find_tag(struct reader *reader, const struct node *node, const char *text)
{
	const struct tag_table *tags = &reader->config->tags;
	const char *names[TAG_MAX];
	char show[SHOWN_MAX];
	int tag = tag_find(tags, text);
	if (tag >= 0)
		return tag;
	if (reader->adding)
		return tag_new(reader, node, text);
	for (size_t i = 0; i < tags->count; i++)
		names[i] = tags->names[i];
	int nearest = reader_suggest(reader, text, names, tags->count);
	if (nearest >= 0)
		tell_error(reader, node->pos, "unknown tag `%s`: no device has it; did you mean `%s`?",
		           shown(text, show), names[nearest]);
	else
		tell_error(reader, node->pos,
		           "unknown tag `%s`: no device has it; one that devices get while the daemon runs "
		           "stands in `tags`",
		           shown(text, show));
	return -1;
}

static void read_tags(struct reader *reader, const struct node *node, const char *key,
                      tag_set *wanted, tag_set *unwanted)
{
	const struct list_shape shape = {key, "a tag or a list of tags", TAG_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		bool negated;
		const char *text = reader_text(reader, item, key, "a word");
		if (text)
			text = reader_negated(reader, item, key, text, &negated);
		int tag = text ? find_tag(reader, item, text) : -1;
		if (tag >= 0)
			*(negated ? unwanted : wanted) |= tag_bit((size_t)tag);
	}
}

void match_tags(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	read_tags(reader, node, "tags", &rule->tags, &rule->tags_none);
}

void match_tags_all(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	read_tags(reader, node, "tags-all", &rule->tags_all, &rule->tags_none);
}

/* ---- the question ------------------------------------------------------------------------ */

static const char patterns_wanted[] = "a name, \"*.suffix\", \"/regex/\" or a list of these";

void match_names(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"names", patterns_wanted, MATCH_VALUES_MAX, false};
	size_t count = reader_list(reader, node, &shape);
	rule->names = reader_alloc(reader, count, sizeof *rule->names);
	rule->not_names = reader_alloc(reader, count, sizeof *rule->not_names);
	if (!rule->names || !rule->not_names)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		bool negated = false;
		const char *text = reader_text(reader, item, "names", patterns_wanted);
		if (text)
			text = reader_negated(reader, item, "names", text, &negated);
		if (text)
			pattern_read_text(reader, item, text,
			                  negated ? &rule->not_names[rule->not_name_count++]
			                          : &rule->names[rule->name_count++]);
	}
}

void match_lists(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"lists", "the name of a list or several of them", LIST_MAX,
	                                 false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		mention_read(reader, item, rule);
}

static void read_type(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	/* For suggestions only: what devices ask for. */
	static const char *const common[] = {"A",     "AAAA", "HTTPS", "SVCB", "CNAME", "TXT",   "PTR",
	                                     "SRV",   "MX",   "NS",    "SOA",  "ANY",   "CAA",   "DS",
	                                     "NAPTR", "TLSA", "SSHFP", "LOC",  "HINFO", "DNSKEY"};
	char show[SHOWN_MAX];
	bool negated;
	const char *text = reader_text(reader, node, "types", "the name of a type");
	if (text)
		text = reader_negated(reader, node, "types", text, &negated);
	if (!text ||
	    !same_sense(reader, node, "types", negated, !rule->type_count, &rule->types_negated))
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

/* ---- the answer -------------------------------------------------------------------------- */

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
	bool negated;
	if (text)
		text = reader_negated(reader, node, "asn", text, &negated);
	if (!text || !same_sense(reader, node, "asn", negated, !rule->asn_count, &rule->asns_negated))
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

static void read_prefix(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	bool negated;
	const char *text = reader_text(reader, node, "addresses", "an address or a network");
	if (text)
		text = reader_negated(reader, node, "addresses", text, &negated);
	if (!text || !same_sense(reader, node, "addresses", negated, !rule->address_count,
	                         &rule->addresses_negated))
		return;
	struct prefix *prefix = &rule->addresses[rule->address_count];
	if (value_prefix_text(reader, node, "addresses", text, prefix))
		rule->address_count++;
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
		read_prefix(reader, item, rule);
}

void match_cname(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	const struct list_shape shape = {"cname", patterns_wanted, MATCH_VALUES_MAX, false};
	rule->cnames = reader_alloc(reader, reader_list(reader, node, &shape), sizeof *rule->cnames);
	if (!rule->cnames)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		pattern_read(reader, item, "cname", &rule->cnames[rule->cname_count++]);
}
