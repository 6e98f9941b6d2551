/* Rules that can never hold: right as they are written, but not with these databases and this home. Their
 * author believes to be protected, so each is a warning. */
#include "config/sections.h"

static void check_standing(struct reader *reader, const struct config_rule *rule)
{
	const struct config *config = reader->config;
	const char *word = standing_word(rule->standing);
	bool decided = rule->standing == STANDING_HOME || rule->standing == STANDING_OVERSEAS;
	const struct config_geo *geo = &config->geo;
	if (rule->standing == STANDING_UNKNOWN && rule->confidence <= CONFIDENCE_LOW)
		return; /* it holds most of all where nothing is known */
	if (!decided && rule->confidence > CONFIDENCE_LOW)
		tell_warning(
			reader, rule->pos,
			"a rule on `standing: %s` with confidence %s can never hold: only home and overseas have "
			"more than low; write `confidence: low`",
			word, confidence_word(rule->confidence));
	else if (!config->home_count && !config->tag_home_count)
		tell_warning(
			reader, rule->pos,
			"a rule on `standing: %s` can never hold: there is no `home`, so every standing is unknown",
			word);
	else if (rule->standing == STANDING_INDETERMINATE) {
		if (!geo->anycast_count && !geo->anycast_published)
			tell_warning(reader, rule->pos,
			             "a rule on `standing: %s` can never hold: there is no list of anycast "
			             "prefixes (`geo.anycast`)",
			             word);
	} else if (!geo->location_count)
		tell_warning(
			reader, rule->pos,
			"a rule on `standing: %s` can never hold: there is no location database (`geo.location`)",
			word);
	else if (rule->standing == STANDING_DISPUTED && geo->location_count < 2)
		tell_warning(reader, rule->pos,
		             "a rule on `standing: %s` can never hold: it needs two location databases "
		             "that disagree, and there is one",
		             word);
	else if (rule->confidence == CONFIDENCE_HIGH && geo->location_count < 2)
		tell_warning(
			reader, rule->pos,
			"a rule on `standing: %s` with confidence high can never hold: it needs two location "
			"databases that agree, and there is one; add one or write `confidence: medium`",
			word);
}

/* What is known of an address: its country by a location database, its network by a table of networks, and
 * the country of that network by both. */
static void check_facts(struct reader *reader, const struct config_rule *rule)
{
	const struct config_geo *geo = &reader->config->geo;
	if (rule->location.given && !geo->location_count)
		tell_warning(
			reader, rule->pos,
			"a rule on `location` can never hold: there is no location database (`geo.location`)");
	if (rule->asn_count && !geo->control_count)
		tell_warning(
			reader, rule->pos,
			"a rule on `asn` can never hold: there is no database of networks (`geo.control`)");
	if (rule->control.given && !geo->location_count)
		tell_warning(reader, rule->pos,
		             "a rule on `control` can never hold: the country of a network is told by a "
		             "location database, and there is none (`geo.location`)");
	else if (rule->control.given && !geo->control_count && !rule->asn_count)
		tell_warning(reader, rule->pos,
		             "a rule on `control` holds only where a location database says in which "
		             "country a network is registered: there is no database of networks "
		             "(`geo.control`)");
}

static bool concerns(const struct config_rule *rule, tag_set tags)
{
	return (!rule->tags || rule->tags & tags) && !(rule->tags_all & ~tags) &&
	       !(rule->tags_none & tags);
}

/* Tags that are given while the daemon runs are not known here; what contradicts itself never holds. */
static void check_tags(struct reader *reader, const struct config_rule *rule)
{
	const struct config *config = reader->config;
	const tag_set all = tag_bit(TAG_ALL);
	tag_set wanted = rule->tags ? rule->tags : all;
	bool never = !(wanted & ~rule->tags_none) || rule->tags_all & rule->tags_none;
	if (never || rule->tags_none & all) {
		tell_warning(reader, rule->pos,
		             "this rule can never hold: no device can have its tags and not have them");
		return;
	}
	if (concerns(rule, all) || concerns(rule, all | tag_bit(TAG_UNKNOWN)))
		return;
	for (size_t i = 0; i < config->device_count; i++)
		if (concerns(rule, config->devices[i].tags))
			return;
	tell_warning(
		reader, rule->pos,
		"no device of the configuration has these tags together: the rule acts only on one "
		"that is given them while the daemon runs");
}

static void check_lists(struct reader *reader, const struct config_rule *rule)
{
	for (size_t i = 0; i < PF_COUNT(rule->lists.words); i++)
		if (rule->lists.words[i] & ~rule->not_lists.words[i])
			return;
	if (rule->lists_given && list_set_any(&rule->lists))
		tell_warning(reader, rule->pos,
		             "this rule can never hold: it leaves out each of the lists that it asks for");
}

void rules_check_possible(struct reader *reader)
{
	const struct config *config = reader->config;
	const char *file = reader->file;
	for (size_t i = 0; i < config->rule_count; i++) {
		const struct config_rule *rule = &config->rules[i];
		reader->file = config_rule_file(config, rule);
		if (rule->standing != STANDING_NONE)
			check_standing(reader, rule);
		check_facts(reader, rule);
		check_tags(reader, rule);
		check_lists(reader, rule);
		rule_check_contradictions(reader, rule);
	}
	reader->file = file;
}
