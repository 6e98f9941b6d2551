/* The policy as the files of this room see it. */
#ifndef PF_POLICY_COMPILED_H
#define PF_POLICY_COMPILED_H

#include "policy/program.h"

struct policy {
	size_t count;
	struct rule *rules; /* as configured */
	tag_set spoken_of;  /* the tags that any rule names */
	struct program *whole;
	struct program_table programs; /* of the sets of tags that the configuration has */
	struct tag_table tags;
	struct schedule_zones zones;
	size_t list_count;
	char **list_names;             /* for explanations */
	struct regex_scratch *scratch; /* fits all regexes; threads copy it */
};

struct policy_scratch {
	struct regex_scratch *regex;
	const struct program *last;   /* that was asked for */
	struct program_table learned; /* for sets of tags that came up since */
};

/* The program for a device with these tags; without memory, or room for one more, the whole policy. */
const struct program *policy_program(const struct policy *policy, struct policy_scratch *scratch,
                                     tag_set tags);

/* The first rule that a CNAME of the answer meets as if it had been asked for, or NULL. */
const struct rule *policy_first_of_hop(const struct program *program,
                                       const struct policy_question *question,
                                       const struct policy_answer *answer, size_t hop,
                                       struct regex_scratch *scratch, struct evidence *evidence);

/* The first rule of the names stage whose lists hold something of the answer, or NULL. */
const struct rule *policy_first_of_answer(const struct program *program,
                                          const struct policy_question *question,
                                          const struct policy_answer *answer,
                                          struct regex_scratch *scratch, struct evidence *evidence);

/* The question as rules of the answers stage see it: with the answer's lists beside the name's, in `lists`. */
void policy_widen(const struct policy_question *question, const struct policy_answer *answer,
                  struct policy_question *wide, struct list_set *lists);

/* The rules that can hold of an answer as far as it was noted (policy_answer.kept): all, when it was not for this policy. */
static inline bool policy_is_kept(const atomic_uint_least64_t *kept, uint32_t number)
{
	return kept && atomic_load_explicit(kept, memory_order_relaxed) >> 32 == number;
}

static inline uint32_t policy_kept(const atomic_uint_least64_t *kept, uint32_t number)
{
	uint64_t word = kept ? atomic_load_explicit(kept, memory_order_relaxed) : 0;
	return kept && word >> 32 == number ? (uint32_t)word : UINT32_MAX;
}

/* What the threads that decide may not share; NULL is no scratch. */
static inline struct regex_scratch *scratch_of(const struct policy_scratch *scratch)
{
	return scratch ? scratch->regex : NULL;
}

#endif
