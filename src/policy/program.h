/* The rules that concern one set of tags, compiled: what a query pays for. */
#ifndef PF_POLICY_PROGRAM_H
#define PF_POLICY_PROGRAM_H

#include "policy/dispatch.h"

/* Sets of tags that occur in one configuration; behind that, and for sets that come up while it runs, each thread
 * compiles some for itself. A house has a dozen. */
#define PROGRAMS_MAX 256
#define PROGRAMS_LEARNED_MAX 64

struct program_stage {
	size_t count;
	const struct rule **rules; /* in their order */
	struct dispatch *dispatch; /* NULL: all are looked at */
	uint32_t places;           /* of rules that have one, a bit each */
	bool beyond;               /* there are rules that have none */
};

struct program {
	tag_set tags;                                /* as far as rules speak of them */
	struct program_stage names, cnames, answers; /* cnames: those of `names` that follow */
	bool asks_lists;
	bool timed; /* a rule of `names` has a schedule */
};

/* Compiles the rules for a set of tags; NULL: for any set, all rules and no index: correct, and slow. The caller's; NULL
 * without memory. */
struct program *program_new(const struct rule *rules, size_t count, const tag_set *tags);
void program_free(struct program **program);

/* Programs by their tags: a table of a fixed size, never full. */
struct program_table {
	size_t count, max, mask;
	struct program **slots;
};

PF_MUST_CHECK int program_table_init(struct program_table *table, size_t max);
void program_table_deinit(struct program_table *table);
/* NULL: not there. */
const struct program *program_table_find(const struct program_table *table, tag_set tags);
/* Takes the program over; PF_EFULL, and it is freed. */
int program_table_add(struct program_table *table, struct program *program);

#endif
