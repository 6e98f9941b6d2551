/* One compiled rule, and the one question that both deciding and explaining ask of it: what of all that it
 * names does not hold? */
#ifndef PF_POLICY_RULE_H
#define PF_POLICY_RULE_H

#include "policy/patterns.h"
#include "policy/policy.h"
#include "policy/schedule.h"

/* What a rule can name, in the order in which it is looked at: cheap before dear. */
enum criterion {
	CRITERION_NONE, /* all that it names holds */
	CRITERION_TAGS,
	CRITERION_TAGS_ALL,
	CRITERION_TAGS_NONE,
	CRITERION_TYPES,
	CRITERION_DURING,
	CRITERION_LISTS,
	CRITERION_NOT_LISTS,
	CRITERION_NAMES,
	CRITERION_NOT_NAMES,
	CRITERION_STANDING,
	CRITERION_CONFIDENCE,
	CRITERION_LOCATION,
	CRITERION_CONTROL,
	CRITERION_ASN,
	CRITERION_ADDRESSES,
	CRITERION_ONE_ADDRESS, /* each of the six before holds, but for no address all of them */
	CRITERION_CNAME,
};

struct countries {
	bool given, negated;
	size_t count;
	struct country *codes;
};

struct rule {
	uint16_t number; /* from 1 */
	enum stage stage;
	uint8_t
		place; /* among those of the answers stage; POLICY_KEPT_RULES: elsewhere, or behind these */
	enum action action;
	char *name;
	size_t name_length;
	tag_set tags; /* TAG_ALL when the configuration names none */
	tag_set tags_all, tags_none;
	bool lists_given;
	struct list_set lists, not_lists;
	bool types_negated, asns_negated, prefixes_negated;
	size_t type_count, asn_count, prefix_count;
	uint16_t *types;
	uint32_t *asns;
	struct prefix *prefixes;
	enum standing standing;
	enum confidence confidence;
	struct countries location, control;
	struct schedule *during; /* NULL: at all times */
	struct patterns names, not_names, cnames;
	bool match_all; /* see config_rule */
	bool added;     /* by people, while the daemon runs */
	bool follows;   /* a rule of the names stage through which the CNAMEs of an answer pass too */
	struct rule_reply reply;
};

/* What made it match. */
struct evidence {
	uint8_t match; /* enum match_kind */
	uint16_t list, index;
	const char *pattern;
};

/* One query on its way through the rules. */
struct matter {
	const struct policy_question *question;
	const struct policy_answer *answer; /* NULL in the names stage */
	struct regex_scratch *scratch;
	struct subject name;
};

/* Does it speak of a device with these tags? */
static inline bool policy_rule_concerns(const struct rule *rule, tag_set tags)
{
	return (rule->tags & tags) && (rule->tags_all & ~tags) == 0 && !(rule->tags_none & tags);
}

/* Does it ask which lists hold the name? */
static inline bool policy_rule_asks_lists(const struct rule *rule)
{
	return rule->lists_given || list_set_any(&rule->not_lists);
}

/* PF_OK, PF_EINVAL (told in `diag`), PF_ENOMEM; policy_rule_deinit is due in each case. `zones` must outlive it. */
PF_MUST_CHECK int policy_rule_init(struct rule *rule, const struct config_rule *from,
                                   uint16_t number, struct schedule_zones *zones, const char *file,
                                   struct diag *diag);
void policy_rule_deinit(struct rule *rule);

void matter_init(struct matter *matter, const struct policy_question *question,
                 const struct policy_answer *answer, struct regex_scratch *scratch);

/* Fills `evidence` when it returns CRITERION_NONE; with match_all, `index` is else the address that does not meet the
 * rule. A rule of the answers stage needs matter->answer. */
enum criterion policy_rule_check(const struct rule *rule, struct matter *matter,
                                 struct evidence *evidence);

/* Does the answer meet all that the rule asks of one? */
bool policy_rule_meets(const struct rule *rule, const struct policy_answer *answer,
                       struct regex_scratch *scratch);

/* Does the address meet all that the rule asks of one? For `reply: strip`. */
bool policy_rule_takes(const struct rule *rule, const struct address_facts *address);

#endif
