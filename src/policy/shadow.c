/* Shadows, see shadow.h. Each function asks of one key: does what the later rule asks for (`later`) imply what the
 * earlier one asks for? "No" is always a safe answer. */
#include "policy/shadow.h"

#include "policy/policy.h"

#include <string.h>

#define TOLD_MAX 20 /* warnings; whoever has more has generated the rules */

/* ---- the device -------------------------------------------------------------------------- */

static bool tags_imply(const struct config_rule *later, const struct config_rule *earlier)
{
	tag_set sure = later->tags_all | tag_bit(TAG_ALL); /* what a device of the later one has */
	if (later->tags && !(later->tags & (later->tags - 1)))
		sure |= later->tags;
	bool one =
		!earlier->tags || earlier->tags & sure || (later->tags && !(later->tags & ~earlier->tags));
	return one && !(earlier->tags_all & ~sure) && !(earlier->tags_none & ~later->tags_none);
}

/* ---- names ------------------------------------------------------------------------------- */

static bool names_imply(const struct config_rule *later, const struct config_rule *earlier)
{
	if (earlier->name_count &&
	    !(later->name_count &&
	      patterns_cover(earlier->names, earlier->name_count, later->names, later->name_count)))
		return false;
	return patterns_cover(later->not_names, later->not_name_count, earlier->not_names,
	                      earlier->not_name_count);
}

static bool lists_within(const struct list_set *few, const struct list_set *many)
{
	for (size_t i = 0; i < PF_COUNT(few->words); i++)
		if (few->words[i] & ~many->words[i])
			return false;
	return true;
}

static bool lists_imply(const struct config_rule *later, const struct config_rule *earlier)
{
	if (earlier->lists_given &&
	    !(later->lists_given && lists_within(&later->lists, &earlier->lists)))
		return false;
	return lists_within(&earlier->not_lists, &later->not_lists);
}

/* Such a rule may also act by what stands in the answer: a CNAME, or an address of its lists. */
static bool acts_by_answer(const struct config_rule *rule)
{
	return rule->lists_given || (rule->action == ACTION_ALLOW && rule->name_count);
}

/* ---- sets of values, each all negated or none --------------------------------------------- */

struct values {
	const void *list;
	size_t count, size;
	bool negated;
};

static bool has_value(const struct values *values, const void *value)
{
	for (size_t i = 0; i < values->count; i++)
		if (!memcmp((const char *)values->list + i * values->size, value, values->size))
			return true;
	return false;
}

/* How many values of `a` are in `b`? */
static size_t common(const struct values *a, const struct values *b)
{
	size_t count = 0;
	for (size_t i = 0; i < a->count; i++)
		count += has_value(b, (const char *)a->list + i * a->size);
	return count;
}

static bool values_imply(struct values later, struct values earlier)
{
	if (!earlier.count)
		return true;
	if (!later.count || (later.negated && !earlier.negated))
		return false;
	if (!later.negated)
		return common(&later, &earlier) == (earlier.negated ? 0 : later.count);
	return common(&earlier, &later) == earlier.count;
}

static struct values types_of(const struct config_rule *rule)
{
	return (struct values){rule->types, rule->type_count, sizeof *rule->types, rule->types_negated};
}

static struct values asns_of(const struct config_rule *rule)
{
	return (struct values){rule->asns, rule->asn_count, sizeof *rule->asns, rule->asns_negated};
}

static struct values countries_of(const struct config_countries *countries)
{
	return (struct values){countries->codes, countries->count, sizeof *countries->codes,
	                       countries->negated};
}

static bool prefix_within(const struct prefix *narrow, const struct prefix *wide)
{
	return narrow->length >= wide->length && prefix_contains(wide, &narrow->addr);
}

static bool addresses_imply(const struct config_rule *later, const struct config_rule *earlier)
{
	if (!earlier->address_count)
		return true;
	if (!later->address_count || later->addresses_negated != earlier->addresses_negated)
		return false;
	/* Inside of few means inside of many; outside of many means outside of few. */
	const struct config_rule *few = earlier->addresses_negated ? earlier : later;
	const struct config_rule *many = earlier->addresses_negated ? later : earlier;
	for (size_t i = 0; i < few->address_count; i++) {
		size_t k = 0;
		while (k < many->address_count && !prefix_within(&few->addresses[i], &many->addresses[k]))
			k++;
		if (k == many->address_count)
			return false;
	}
	return true;
}

/* ---- the time and the answer ------------------------------------------------------------- */

static bool during_implies(const struct config_during *later, const struct config_during *earlier)
{
	if (!earlier)
		return true;
	if (!later || !later->zone != !earlier->zone ||
	    (later->zone && strcmp(later->zone, earlier->zone) != 0))
		return false;
	for (size_t i = 0; i < sizeof later->week; i++)
		if (later->week[i] & ~earlier->week[i])
			return false;
	return true;
}

static bool asks_addresses(const struct config_rule *rule)
{
	return rule->standing != STANDING_NONE || rule->confidence != CONFIDENCE_NONE ||
	       rule->location.given || rule->control.given || rule->asn_count || rule->address_count;
}

static bool asks_answer(const struct config_rule *rule)
{
	return asks_addresses(rule) || rule->cname_count;
}

static bool answer_implies(const struct config_rule *later, const struct config_rule *earlier)
{
	if (earlier->standing != STANDING_NONE && later->standing != earlier->standing)
		return false;
	/* `match` says something only where something is asked of addresses. */
	bool all = earlier->match_all && asks_addresses(earlier);
	if (later->confidence < earlier->confidence || (all && !later->match_all))
		return false;
	if (earlier->cname_count &&
	    !(later->cname_count &&
	      patterns_cover(earlier->cnames, earlier->cname_count, later->cnames, later->cname_count)))
		return false;
	return values_imply(countries_of(&later->location), countries_of(&earlier->location)) &&
	       values_imply(countries_of(&later->control), countries_of(&earlier->control)) &&
	       values_imply(asns_of(later), asns_of(earlier)) && addresses_imply(later, earlier);
}

/* ---- rules ------------------------------------------------------------------------------- */

/* Can the later one act by what stands in an answer, where the earlier one can not? That the earlier one ends the way by
 * the name is no help: a flag before both may decide there instead, and then the answer is looked at. */
static bool escapes_by_answer(const struct config_rule *later, const struct config_rule *earlier)
{
	if (asks_answer(later) || !acts_by_answer(later))
		return false;
	if (later->lists_given && !earlier->lists_given)
		return true; /* the lists may hold an address of the answer */
	return !acts_by_answer(earlier) || earlier->follow_off;
}

/* Does the earlier one hold for every question for which the later one does? */
static bool covers(const struct config_rule *earlier, const struct config_rule *later)
{
	if (asks_answer(earlier) != asks_answer(later))
		return false;
	return tags_imply(later, earlier) && values_imply(types_of(later), types_of(earlier)) &&
	       during_implies(later->during, earlier->during) && lists_imply(later, earlier) &&
	       names_imply(later, earlier) && answer_implies(later, earlier);
}

bool policy_shadows(const struct config_rule *earlier, const struct config_rule *later)
{
	return covers(earlier, later) && !escapes_by_answer(later, earlier);
}

/* An `allow` that was written behind the sinkhole which it is an exception of: all that it still does is to let CNAMEs to its
 * names pass. */
static bool allows_in_vain(const struct config_rule *earlier, const struct config_rule *later)
{
	return later->action == ACTION_ALLOW && later->name_count && !later->lists_given &&
	       earlier->action == ACTION_SINKHOLE && covers(earlier, later);
}

static void warn(const struct config *config, const struct config_rule *earlier,
                 const struct config_rule *later, struct diag *diag)
{
	const char *file = config_rule_file(config, later);
	const char *other = later->added == earlier->added ? "" : " of the rules that people added";
	if (policy_shadows(earlier, later))
		diag_warning(
			diag, file, later->pos.line, later->pos.column,
			"the rule \"%s\" can never decide: \"%s\" on line %u%s stands before it and holds "
			"wherever it would",
			later->name, earlier->name, earlier->pos.line, other);
	else
		diag_warning(
			diag, file, later->pos.line, later->pos.column,
			"the rule \"%s\" allows none of its names: \"%s\" on line %u%s stands before it and "
			"sinkholes them; an exception stands before what it is one of",
			later->name, earlier->name, earlier->pos.line, other);
}

size_t policy_shadowed_by(const struct config *config, size_t rule)
{
	for (size_t k = 0; k + 1 < rule; k++)
		if (policy_shadows(&config->rules[k], &config->rules[rule - 1]))
			return k + 1;
	return 0;
}

void policy_warn_of_shadows(const struct config *config, struct diag *diag)
{
	size_t told = 0;
	for (size_t i = 1; i < config->rule_count && told < TOLD_MAX; i++) {
		const struct config_rule *later = &config->rules[i];
		size_t k = 0;
		while (k < i && !policy_shadows(&config->rules[k], later) &&
		       !allows_in_vain(&config->rules[k], later))
			k++;
		if (k == i)
			continue;
		warn(config, &config->rules[k], later, diag);
		told++;
	}
}
