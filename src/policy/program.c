/* The programs of program.h. */
#include "policy/program.h"

#include <stdlib.h>
#include <string.h>

static bool is_named(const struct rule *rule)
{
	return rule->stage == STAGE_NAMES;
}

static bool is_following(const struct rule *rule)
{
	return rule->follows;
}

static bool is_answered(const struct rule *rule)
{
	return rule->stage == STAGE_ANSWERS;
}

static bool concerns(const struct rule *rule, const tag_set *tags)
{
	return !tags || policy_rule_concerns(rule, *tags);
}

static bool fill_stage(struct program_stage *to, const struct rule *rules, size_t count,
                       const tag_set *tags, bool (*is_part)(const struct rule *rule))
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += is_part(&rules[i]) && concerns(&rules[i], tags);
	to->rules = calloc(found ? found : 1, sizeof(const struct rule *));
	if (!to->rules)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_part(&rules[i]) || !concerns(&rules[i], tags))
			continue;
		to->rules[to->count++] = &rules[i];
		if (rules[i].place < POLICY_KEPT_RULES)
			to->places |= 1u << rules[i].place;
		else
			to->beyond = true;
	}
	if (to->count <= DISPATCH_RULES_MIN || !tags)
		return true;
	to->dispatch = dispatch_new(to->rules, to->count);
	return to->dispatch;
}

/* `allow` alone lets nothing pass that anybody would have stopped. */
static void drop_idle(struct program_stage *cnames)
{
	for (size_t i = 0; i < cnames->count; i++)
		if (cnames->rules[i]->action != ACTION_ALLOW)
			return;
	cnames->count = 0;
	dispatch_free(&cnames->dispatch);
}

struct program *program_new(const struct rule *rules, size_t count, const tag_set *tags)
{
	struct program *program = calloc(1, sizeof *program);
	if (!program)
		return NULL;
	program->tags = tags ? *tags : 0;
	if (!fill_stage(&program->names, rules, count, tags, is_named) ||
	    !fill_stage(&program->cnames, rules, count, tags, is_following) ||
	    !fill_stage(&program->answers, rules, count, tags, is_answered)) {
		program_free(&program);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		program->asks_lists |= concerns(&rules[i], tags) && policy_rule_asks_lists(&rules[i]);
	for (size_t i = 0; i < program->names.count; i++)
		program->timed |= program->names.rules[i]->during != NULL;
	drop_idle(&program->cnames);
	return program;
}

void program_free(struct program **program)
{
	if (!*program)
		return;
	free((*program)->names.rules);
	free((*program)->cnames.rules);
	free((*program)->answers.rules);
	dispatch_free(&(*program)->names.dispatch);
	dispatch_free(&(*program)->cnames.dispatch);
	dispatch_free(&(*program)->answers.dispatch);
	free(*program);
	*program = NULL;
}

/* ---- tables ------------------------------------------------------------------------------ */

/* Tags are the owner's own: nobody chooses collisions. */
static size_t slot_of(const struct program_table *table, tag_set tags)
{
	return (size_t)(tags * 0x9e3779b97f4a7c15u >> 32) & table->mask;
}

int program_table_init(struct program_table *table, size_t max)
{
	size_t size = 8;
	while (size < max * 2)
		size *= 2;
	*table = (struct program_table){.max = max, .mask = size - 1};
	table->slots = calloc(size, sizeof(struct program *));
	return table->slots ? PF_OK : PF_ENOMEM;
}

void program_table_deinit(struct program_table *table)
{
	for (size_t i = 0; table->slots && i <= table->mask; i++)
		program_free(&table->slots[i]);
	free(table->slots);
	table->slots = NULL;
}

const struct program *program_table_find(const struct program_table *table, tag_set tags)
{
	for (size_t at = slot_of(table, tags); table->slots[at]; at = (at + 1) & table->mask)
		if (table->slots[at]->tags == tags)
			return table->slots[at];
	return NULL;
}

int program_table_add(struct program_table *table, struct program *program)
{
	if (table->count == table->max) {
		program_free(&program);
		return PF_EFULL;
	}
	size_t at = slot_of(table, program->tags);
	while (table->slots[at])
		at = (at + 1) & table->mask;
	table->slots[at] = program;
	table->count++;
	return PF_OK;
}
