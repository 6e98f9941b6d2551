/* rules: the ordered policy, one mapping a rule; and what can be said about a rule as a whole. */
#include <stdlib.h>
#include <string.h>

#include "config/added.h"
#include "config/during.h"
#include "config/matches.h"
#include "config/pattern.h"
#include "config/sections.h"
#include "config/unique.h"
#include "config/values.h"

#define RULE_NAME_MAX 128 /* bytes, NUL included: it stands in replies and in the journal */

static void read_name(struct reader *reader, const struct node *node, void *target)
{
	((struct config_rule *)target)->name = reader_name(reader, node, "name", RULE_NAME_MAX);
}

static void read_action(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"allow", "flag", "sinkhole"}; /* in the order of the enum */
	int word = reader_word(reader, node, "action", words, PF_COUNT(words));
	if (word >= 0)
		((struct config_rule *)target)->action = (enum action)word;
}

static void read_reply_addresses(struct reader *reader, const struct node *node,
                                 struct rule_reply *reply)
{
	reply->kind = REPLY_ADDRESSES;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (value_addr(reader, item, "reply", &reply->addresses[reply->address_count]))
			reply->address_count++;
}

static void read_reply(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"null", "nxdomain", "nodata", "refused",
	                                    "drop", "list",     "strip"};
	static const enum reply_kind kinds[] = {REPLY_NULL, REPLY_NXDOMAIN, REPLY_NODATA, REPLY_REFUSED,
	                                        REPLY_DROP, REPLY_LIST,     REPLY_STRIP};
	const struct list_shape shape = {
		"reply", "null, nxdomain, nodata, refused, drop, list, strip, or addresses",
		REPLY_ADDRESS_MAX, false};
	struct rule_reply *reply = &((struct config_rule *)target)->reply;
	if (!reader_list(reader, node, &shape))
		return;
	bool address = node->kind == NODE_LIST || strpbrk(node->text, ".:");
	if (address) {
		read_reply_addresses(reader, node, reply);
		return;
	}
	int word = reader_word(reader, node, "reply", words, PF_COUNT(words));
	if (word >= 0)
		reply->kind = kinds[word];
}

static void read_match(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"any", "all"};
	int word = reader_word(reader, node, "match", words, PF_COUNT(words));
	((struct config_rule *)target)->match_all = word == 1;
}

static void read_follow(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"on", "off"};
	int word = reader_word(reader, node, "follow-cname", words, PF_COUNT(words));
	((struct config_rule *)target)->follow_off = word == 1;
}

static const struct field fields[] = {
	{"name", read_name, true},
	{"tags", match_tags, false},
	{"tags-all", match_tags_all, false},
	{"names", match_names, false},
	{"lists", match_lists, false},
	{"types", match_types, false},
	{"standing", match_standing, false},
	{"confidence", match_confidence, false},
	{"location", match_location, false},
	{"control", match_control, false},
	{"asn", match_asn, false},
	{"addresses", match_addresses, false},
	{"cname", match_cname, false},
	{"action", read_action, true},
	{"reply", read_reply, false},
	{"during", match_during, false},
	{"follow-cname", read_follow, false},
	{"match", read_match, false},
};

static bool asks_addresses(const struct node *item)
{
	static const char *const keys[] = {"standing", "location", "control", "asn", "addresses"};
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		if (node_find(item, keys[i]))
			return true;
	return false;
}

/* How many of an answer's addresses must meet the rule: a flag is cheap, so one is enough; what takes an answer away, or
 * lets it pass by everything else, needs all. A rule that strips is about those that meet it. */
static void complete_match(struct reader *reader, const struct node *item, struct config_rule *rule)
{
	const struct node *match = node_find(item, "match"), *reply = node_find(item, "reply");
	bool strips = rule->reply.kind == REPLY_STRIP;
	if (!match)
		rule->match_all = rule->action != ACTION_FLAG && !strips;
	else if (!asks_addresses(item))
		tell_error(reader, match->pos,
		           "`match` says how many addresses of an answer must meet the rule; give it a "
		           "`standing`, `location`, `control`, `asn` or `addresses` too");
	else if (strips && rule->match_all)
		tell_error(
			reader, match->pos,
			"`reply: strip` takes out the addresses that meet the rule, and with `match: all` "
			"nothing would be left; write `match: any`");
	if (strips && !asks_addresses(item))
		tell_error(reader, reply->pos,
		           "`reply: strip` takes addresses out of an answer; say which, by `standing`, "
		           "`location`, `control`, `asn` or `addresses`");
}

/* Keys that only make sense beside others, and what follows from leaving one away. */
static void complete_rule(struct reader *reader, const struct node *item, struct config_rule *rule)
{
	const struct node *reply = node_find(item, "reply"),
					  *confidence = node_find(item, "confidence");
	const struct node *action = node_find(item, "action");
	bool sinkhole = rule->action == ACTION_SINKHOLE;
	if (reply && action && action->kind == NODE_SCALAR && !sinkhole &&
	    action_parse(action->text) >= 0)
		tell_error(reader, reply->pos,
		           "`reply` is for the action `sinkhole`; this rule's action is `%s`",
		           action->text);
	if (rule->reply.kind == REPLY_LIST && !rule->lists_given)
		tell_error(reader, reply->pos,
		           "`reply: list` takes the reply from the entry of a list; give the rule `lists`");
	if (!reply && rule->lists_given)
		rule->reply.kind = REPLY_LIST;
	if (confidence && !node_find(item, "standing"))
		tell_error(reader, confidence->pos,
		           "`confidence` is that of a standing; give the rule a `standing` too");
	if (rule->standing != STANDING_NONE && !confidence)
		rule->confidence = sinkhole ? CONFIDENCE_HIGH : CONFIDENCE_LOW;
	complete_match(reader, item, rule);
}

static void read_rules(struct reader *reader, const struct node *list)
{
	struct config *config = reader->config;
	struct unique names = {0};
	for (const struct node *item = list->first; item; item = item->next) {
		struct config_rule *rule = &config->rules[config->rule_count++];
		rule->pos = item->pos;
		rule->added = reader->adding;
		(void)reader_mapping(reader, item, "a rule", fields, PF_COUNT(fields), rule);
		complete_rule(reader, item, rule);
		unique_add_name(reader, &names, item);
	}
	unique_finish(reader, &names, "rule name");
}

/* Added rules come first. */
static void read_added(struct reader *reader, const struct added *added)
{
	const char *file = reader->file;
	reader->file = added->file;
	reader->adding = true;
	read_rules(reader, added->rules);
	reader->adding = false;
	reader->file = file;
}

static void check_names(struct reader *reader, const struct added *added, size_t count)
{
	const struct config *config = reader->config;
	char show[SHOWN_MAX];
	for (size_t i = count; i < config->rule_count; i++)
		for (size_t k = 0; k < count; k++)
			if (config->rules[i].name && config->rules[k].name &&
			    !strcmp(config->rules[i].name, config->rules[k].name))
				tell_error(reader, config->rules[i].pos,
				           "the rule name `%s` is that of a rule that was added, in %s",
				           shown(config->rules[i].name, show), added->file);
}

void section_rules(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct added added;
	added_open(reader, &added);
	size_t own = node ? reader_items(reader, node, "rules", CONFIG_RULES_MAX) : 0;
	const char *file = reader->file;
	reader->file = added.file;
	size_t before =
		added.rules ? reader_items(reader, added.rules, "rules", CONFIG_RULES_MAX - own) : 0;
	reader->file = file;
	config->rules = reader_alloc(reader, before + own, sizeof *config->rules);
	if (config->rules && before)
		read_added(reader, &added);
	if (config->rules && own)
		read_rules(reader, node);
	check_names(reader, &added, before);
	added_close(&added);
}

void rule_deinit(struct config_rule *rule)
{
	for (size_t i = 0; i < rule->name_count; i++)
		pattern_deinit(&rule->names[i]);
	for (size_t i = 0; i < rule->not_name_count; i++)
		pattern_deinit(&rule->not_names[i]);
	for (size_t i = 0; i < rule->cname_count; i++)
		pattern_deinit(&rule->cnames[i]);
	free(rule->name);
	free(rule->names);
	free(rule->not_names);
	free(rule->types);
	free(rule->location.codes);
	free(rule->control.codes);
	free(rule->asns);
	free(rule->addresses);
	free(rule->cnames);
	during_free(rule->during);
}
