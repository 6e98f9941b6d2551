/* The policy as the files of this room see it. */
#ifndef PF_POLICY_COMPILED_H
#define PF_POLICY_COMPILED_H

#include "policy/rule.h"

/* The rules of one stage, in order. */
struct stage_rules {
	size_t count;
	const struct rule **rules;
	tag_set tags;  /* that any of them speaks of */
	tag_set lists; /* the tags of those that ask for lists */
};

struct policy {
	size_t count;
	struct rule *rules; /* as configured */
	struct stage_rules names, answers;
	struct tag_table tags;
	struct schedule_zones zones;
	size_t list_count;
	char **list_names;             /* for explanations */
	struct regex_scratch *scratch; /* fits all regexes; threads copy it */
};

struct policy_scratch {
	struct regex_scratch *regex;
};

/* What the threads that decide may not share; NULL is no scratch. */
static inline struct regex_scratch *scratch_of(const struct policy_scratch *scratch)
{
	return scratch ? scratch->regex : NULL;
}

#endif
