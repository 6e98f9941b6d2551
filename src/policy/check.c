/* Does a rule hold (rule.h)? Runs on the packet path for each rule of a device's tags. */
#include "policy/rule.h"

void matter_init(struct matter *matter, const struct policy_question *question,
                 const struct policy_answer *answer, struct regex_scratch *scratch)
{
	matter->question = question;
	matter->answer = answer;
	matter->scratch = scratch;
	subject_init(&matter->name, question->name);
}

static bool has_type(const struct rule *rule, uint16_t type)
{
	for (size_t i = 0; i < rule->type_count; i++)
		if (rule->types[i] == type)
			return !rule->types_negated;
	return !rule->type_count || rule->types_negated;
}

/* An unknown country is in none, and not outside of any either. */
static bool in_countries(const struct countries *countries, struct country country)
{
	if (!country_known(country))
		return false;
	for (size_t i = 0; i < countries->count; i++)
		if (country_equal(countries->codes[i], country))
			return !countries->negated;
	return countries->negated;
}

/* An unknown network (0) is none of them, and not outside of them either. */
static bool has_asn(const struct rule *rule, uint32_t asn)
{
	for (size_t i = 0; i < rule->asn_count; i++)
		if (rule->asns[i] == asn)
			return !rule->asns_negated;
	return rule->asns_negated && asn;
}

static bool has_prefix(const struct rule *rule, const struct addr *addr)
{
	struct addr unmapped = *addr;
	addr_unmap(&unmapped);
	for (size_t i = 0; i < rule->prefix_count; i++)
		if (prefix_contains(&rule->prefixes[i], addr) ||
		    prefix_contains(&rule->prefixes[i], &unmapped))
			return !rule->prefixes_negated;
	return rule->prefixes_negated && addr->family;
}

static bool asks_address(const struct rule *rule)
{
	return rule->location.given || rule->control.given || rule->asn_count || rule->prefix_count;
}

/* Bit n: the rule names the criterion CRITERION_STANDING + n, and the address does not meet it. */
static unsigned failed_of(const struct rule *rule, const struct address_facts *address)
{
	unsigned failed = 0;
	if (rule->standing != STANDING_NONE && address->standing != rule->standing)
		failed |= 1;
	if (rule->confidence != CONFIDENCE_NONE && address->confidence < rule->confidence)
		failed |= 1 << (CRITERION_CONFIDENCE - CRITERION_STANDING);
	if (rule->location.given && !in_countries(&rule->location, address->location))
		failed |= 1 << (CRITERION_LOCATION - CRITERION_STANDING);
	if (rule->control.given && !in_countries(&rule->control, address->control))
		failed |= 1 << (CRITERION_CONTROL - CRITERION_STANDING);
	if (rule->asn_count && !has_asn(rule, address->asn))
		failed |= 1 << (CRITERION_ASN - CRITERION_STANDING);
	if (rule->prefix_count && !has_prefix(rule, &address->address))
		failed |= 1 << (CRITERION_ADDRESSES - CRITERION_STANDING);
	return failed;
}

static enum criterion first_of(unsigned failed)
{
	return (enum criterion)(CRITERION_STANDING + __builtin_ctz(failed));
}

/* A special-use address stands nowhere, so it says nothing of an answer that has others, unless the rule
 * names it by its number. */
static bool all_special(const struct answer_facts *facts)
{
	for (unsigned i = 0; i < facts->address_count; i++)
		if (!facts->addresses[i].special)
			return false;
	return true;
}

/* The address that is the evidence: the first that meets all that the rule asks of one. With `match: all` each must
 * meet it; then evidence->index is the first that does not when the result says so. */
static enum criterion check_addresses(const struct rule *rule, const struct answer_facts *facts,
                                      struct evidence *evidence)
{
	bool count_special = rule->prefix_count || all_special(facts);
	unsigned failed_by_all = ~0u;
	int best = -1;
	if (!facts->address_count) {
		unsigned failed = failed_of(rule, &(struct address_facts){0});
		evidence->match = MATCH_ANSWER;
		return failed ? first_of(failed) : CRITERION_NONE;
	}
	for (unsigned i = 0; i < facts->address_count; i++) {
		const struct address_facts *address = &facts->addresses[i];
		if (address->special && !count_special)
			continue;
		unsigned failed = failed_of(rule, address);
		failed_by_all &= failed;
		if (failed && rule->match_all) {
			evidence->index = (uint16_t)i;
			return first_of(failed);
		}
		if (failed || best >= 0)
			continue;
		best = (int)i;
		if (!rule->match_all)
			break;
	}
	if (best < 0)
		return failed_by_all ? first_of(failed_by_all) : CRITERION_ONE_ADDRESS;
	evidence->match = MATCH_ADDRESS;
	evidence->index = (uint16_t)best;
	return CRITERION_NONE;
}

bool policy_rule_takes(const struct rule *rule, const struct address_facts *address)
{
	return !failed_of(rule, address);
}

static enum criterion check_cnames(const struct rule *rule, const struct matter *matter,
                                   struct evidence *evidence)
{
	for (size_t i = 0; i < matter->answer->hop_count; i++) {
		struct subject hop;
		subject_init(&hop, &matter->answer->hops[i]);
		const char *pattern = patterns_match(&rule->cnames, matter->scratch, &hop);
		if (!pattern)
			continue;
		evidence->match = MATCH_CNAME;
		evidence->pattern = pattern;
		evidence->index = (uint16_t)i;
		return CRITERION_NONE;
	}
	return CRITERION_CNAME;
}

static enum criterion check_answer(const struct rule *rule, const struct matter *matter,
                                   struct evidence *evidence)
{
	const struct answer_facts *facts = matter->answer->facts;
	if (rule->cnames.count) {
		enum criterion failed = check_cnames(rule, matter, evidence);
		if (failed != CRITERION_NONE)
			return failed;
	}
	/* Last, because an address is stronger evidence than a name on the way. */
	bool about_addresses = asks_address(rule) || rule->standing != STANDING_NONE ||
	                       rule->confidence != CONFIDENCE_NONE;
	return about_addresses ? check_addresses(rule, facts, evidence) : CRITERION_NONE;
}

bool policy_rule_meets(const struct rule *rule, const struct policy_answer *answer,
                       struct regex_scratch *scratch)
{
	struct matter matter;
	struct evidence evidence;
	matter.question = NULL; /* nobody asks */
	matter.answer = answer;
	matter.scratch = scratch;
	return check_answer(rule, &matter, &evidence) == CRITERION_NONE;
}

enum criterion policy_rule_check(const struct rule *rule, struct matter *matter,
                                 struct evidence *evidence)
{
	const struct policy_question *question = matter->question;
	*evidence = (struct evidence){.match = MATCH_ALWAYS};
	if (!(rule->tags & question->tags))
		return CRITERION_TAGS;
	if (rule->tags_all & ~question->tags)
		return CRITERION_TAGS_ALL;
	if (rule->tags_none & question->tags)
		return CRITERION_TAGS_NONE;
	if (!has_type(rule, question->type))
		return CRITERION_TYPES;
	if (rule->during && !schedule_holds(rule->during, question->wall_us))
		return CRITERION_DURING;
	if (rule->lists_given) {
		int list = list_set_first_common(&rule->lists, question->lists);
		if (list < 0)
			return CRITERION_LISTS;
		evidence->match = MATCH_LIST;
		evidence->list = (uint16_t)list;
	}
	if (list_set_first_common(&rule->not_lists, question->lists) >= 0)
		return CRITERION_NOT_LISTS;
	if (rule->names.count) {
		evidence->pattern = patterns_match(&rule->names, matter->scratch, &matter->name);
		if (!evidence->pattern)
			return CRITERION_NAMES;
		if (!rule->lists_given) /* the line of a list says more than a pattern */
			evidence->match = MATCH_NAME;
	}
	if (rule->not_names.count && patterns_match(&rule->not_names, matter->scratch, &matter->name))
		return CRITERION_NOT_NAMES;
	return rule->stage == STAGE_ANSWERS ? check_answer(rule, matter, evidence) : CRITERION_NONE;
}
