/* Compiles the policy, frees it, and answers what is asked about it as a whole. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compiled.h"
#include "policy/shadow.h"

static int copy_lists(struct policy *policy, const struct config *config)
{
	policy->list_names = calloc(config->list_count ? config->list_count : 1, sizeof(char *));
	if (!policy->list_names)
		return PF_ENOMEM;
	policy->list_count = config->list_count;
	for (size_t i = 0; i < config->list_count; i++) {
		policy->list_names[i] = strdup(config->lists[i].name);
		if (!policy->list_names[i])
			return PF_ENOMEM;
	}
	return PF_OK;
}

/* All rules are compiled even when one is wrong, so that all errors are told at once. */
static int compile_rules(struct policy *policy, const struct config *config, struct diag *diag)
{
	int result = PF_OK;
	uint8_t place = 0;
	policy->rules = calloc(config->rule_count ? config->rule_count : 1, sizeof *policy->rules);
	if (!policy->rules)
		return PF_ENOMEM;
	for (size_t i = 0; i < config->rule_count; i++) {
		policy->count = i + 1;
		int error = policy_rule_init(&policy->rules[i], &config->rules[i], (uint16_t)(i + 1),
		                             &policy->zones, config->file, diag);
		if (error == PF_ENOMEM)
			return PF_ENOMEM;
		if (error != PF_OK)
			result = error;
		bool has_place = policy->rules[i].stage == STAGE_ANSWERS && place < POLICY_KEPT_RULES;
		policy->rules[i].place = has_place ? place++ : POLICY_KEPT_RULES;
	}
	return result;
}

static int add_program(struct policy *policy, tag_set tags)
{
	tags &= policy->spoken_of;
	if (policy->programs.count == policy->programs.max ||
	    program_table_find(&policy->programs, tags))
		return PF_OK;
	struct program *program = program_new(policy->rules, policy->count, &tags);
	return program ? program_table_add(&policy->programs, program) : PF_ENOMEM;
}

static int compile_programs(struct policy *policy, const struct config *config)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		policy->spoken_of |= rule->tags | rule->tags_all | rule->tags_none;
	}
	policy->whole = program_new(policy->rules, policy->count, NULL);
	if (!policy->whole || program_table_init(&policy->programs, PROGRAMS_MAX) != PF_OK)
		return PF_ENOMEM;
	int error = add_program(policy, tag_bit(TAG_ALL));
	if (error == PF_OK)
		error = add_program(policy, tag_bit(TAG_ALL) | tag_bit(TAG_UNKNOWN));
	for (size_t i = 0; i < config->device_count && error == PF_OK; i++)
		error = add_program(policy, config->devices[i].tags);
	return error;
}

static int prepare_scratch(struct policy *policy)
{
	for (size_t i = 0; i < policy->count; i++) {
		if (regex_scratch_prepare(&policy->scratch, policy->rules[i].names.regexes) != PF_OK ||
		    regex_scratch_prepare(&policy->scratch, policy->rules[i].not_names.regexes) != PF_OK ||
		    regex_scratch_prepare(&policy->scratch, policy->rules[i].cnames.regexes) != PF_OK)
			return PF_ENOMEM;
	}
	return PF_OK;
}

int policy_compile(const struct config *config, struct diag *diag, struct policy **out)
{
	*out = NULL;
	struct policy *policy = calloc(1, sizeof *policy);
	if (!policy)
		return PF_ENOMEM;
	policy->tags = config->tags;
	int error = copy_lists(policy, config);
	if (error == PF_OK)
		error = compile_rules(policy, config, diag);
	if (error == PF_OK)
		error = compile_programs(policy, config);
	if (error == PF_OK)
		error = prepare_scratch(policy);
	if (error != PF_OK)
		policy_free(&policy);
	else
		policy_warn_of_shadows(config, diag);
	*out = policy;
	return error;
}

void policy_free(struct policy **out)
{
	struct policy *policy = *out;
	if (!policy)
		return;
	for (size_t i = 0; i < policy->count; i++)
		policy_rule_deinit(&policy->rules[i]);
	for (size_t i = 0; i < policy->list_count; i++)
		free(policy->list_names[i]);
	schedule_zones_deinit(&policy->zones);
	free(policy->list_names);
	program_free(&policy->whole);
	program_table_deinit(&policy->programs);
	free(policy->rules);
	regex_scratch_free(&policy->scratch);
	free(policy);
	*out = NULL;
}

struct policy_scratch *policy_scratch_new(const struct policy *policy)
{
	struct policy_scratch *scratch = calloc(1, sizeof *scratch);
	if (!scratch)
		return NULL;
	if (program_table_init(&scratch->learned, PROGRAMS_LEARNED_MAX) == PF_OK) {
		if (!policy->scratch)
			return scratch;
		scratch->regex = regex_scratch_copy(policy->scratch);
		if (scratch->regex)
			return scratch;
	}
	policy_scratch_free(&scratch);
	return NULL;
}

void policy_scratch_free(struct policy_scratch **scratch)
{
	if (!*scratch)
		return;
	regex_scratch_free(&(*scratch)->regex);
	program_table_deinit(&(*scratch)->learned);
	free(*scratch);
	*scratch = NULL;
}

/* A set of tags that the configuration does not have, because a tag was given since: compiled once by each thread. */
static const struct program *learn(const struct policy *policy, struct policy_scratch *scratch,
                                   tag_set tags)
{
	const struct program *known = program_table_find(&scratch->learned, tags);
	if (known || scratch->learned.count == scratch->learned.max)
		return known;
	struct program *program = program_new(policy->rules, policy->count, &tags);
	if (!program || program_table_add(&scratch->learned, program) != PF_OK)
		return NULL;
	return program;
}

const struct program *policy_program(const struct policy *policy, struct policy_scratch *scratch,
                                     tag_set tags)
{
	tags &= policy->spoken_of;
	if (scratch && scratch->last && scratch->last->tags == tags)
		return scratch->last;
	const struct program *program = program_table_find(&policy->programs, tags);
	if (!program && scratch)
		program = learn(policy, scratch, tags);
	if (!program)
		return policy->whole;
	if (scratch)
		scratch->last = program;
	return program;
}

bool policy_needs_answer(const struct policy *policy, struct policy_scratch *scratch, tag_set tags,
                         size_t hop_count, const atomic_uint_least64_t *kept, uint32_t number)
{
	const struct program *program = policy_program(policy, scratch, tags);
	if (program->answers.beyond || (program->cnames.count && hop_count))
		return true;
	return program->answers.places & policy_kept(kept, number);
}

bool policy_needs_facts(const struct policy *policy, struct policy_scratch *scratch, tag_set tags,
                        const atomic_uint_least64_t *kept, uint32_t number)
{
	const struct program_stage *stage = &policy_program(policy, scratch, tags)->answers;
	if (stage->beyond || !policy_is_kept(kept, number))
		return true;
	return stage->places & policy_kept(kept, number);
}

bool policy_needs_lists(const struct policy *policy, struct policy_scratch *scratch, tag_set tags)
{
	return policy_program(policy, scratch, tags)->asks_lists;
}

bool policy_looks_at_clock(const struct policy *policy, struct policy_scratch *scratch,
                           tag_set tags)
{
	return policy_program(policy, scratch, tags)->timed;
}

bool policy_follows(const struct policy *policy, struct policy_scratch *scratch, tag_set tags)
{
	return policy_program(policy, scratch, tags)->cnames.count;
}

uint64_t policy_phase(const struct policy *policy, int64_t wall_us)
{
	uint64_t phase = 0;
	for (size_t i = 0; i < policy->count; i++) {
		const struct schedule *during = policy->rules[i].during;
		if (during)
			phase = (phase + 1 + schedule_holds(during, wall_us)) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return phase;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->count;
}

void policy_rule_info(const struct policy *policy, size_t number, struct policy_rule_info *info)
{
	const struct rule *rule = &policy->rules[number - 1];
	*info = (struct policy_rule_info){rule->name,  rule->name_length, rule->action,
	                                  rule->stage, rule->tags,        rule->added};
}

bool policy_takes_address(const struct policy *policy, size_t number,
                          const struct address_facts *address)
{
	return policy_rule_takes(&policy->rules[number - 1], address);
}

const char *policy_tag_name(const struct policy *policy, size_t tag)
{
	return policy->tags.names[tag];
}
