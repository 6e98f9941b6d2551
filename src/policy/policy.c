/* Compiles the policy, frees it, and answers what is asked about it as a whole. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compiled.h"

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
	}
	return result;
}

static int order_stage(const struct policy *policy, enum stage stage, struct stage_rules *rules)
{
	rules->rules = calloc(policy->count ? policy->count : 1, sizeof *rules->rules);
	if (!rules->rules)
		return PF_ENOMEM;
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->stage != stage)
			continue;
		rules->rules[rules->count++] = rule;
		rules->tags |= rule->tags;
		if (policy_rule_asks_lists(rule))
			rules->lists |= rule->tags;
	}
	return PF_OK;
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
		error = order_stage(policy, STAGE_NAMES, &policy->names);
	if (error == PF_OK)
		error = order_stage(policy, STAGE_ANSWERS, &policy->answers);
	if (error == PF_OK)
		error = prepare_scratch(policy);
	if (error != PF_OK)
		policy_free(&policy);
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
	free(policy->names.rules);
	free(policy->answers.rules);
	free(policy->rules);
	regex_scratch_free(&policy->scratch);
	free(policy);
	*out = NULL;
}

struct policy_scratch *policy_scratch_new(const struct policy *policy)
{
	struct policy_scratch *scratch = calloc(1, sizeof *scratch);
	if (!scratch || !policy->scratch)
		return scratch;
	scratch->regex = regex_scratch_copy(policy->scratch);
	if (!scratch->regex)
		policy_scratch_free(&scratch);
	return scratch;
}

void policy_scratch_free(struct policy_scratch **scratch)
{
	if (!*scratch)
		return;
	regex_scratch_free(&(*scratch)->regex);
	free(*scratch);
	*scratch = NULL;
}

bool policy_needs_answer(const struct policy *policy, tag_set tags)
{
	return policy->answers.tags & tags;
}

bool policy_needs_lists(const struct policy *policy, tag_set tags)
{
	return (policy->names.lists | policy->answers.lists) & tags;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->count;
}

void policy_rule_info(const struct policy *policy, size_t number, struct policy_rule_info *info)
{
	const struct rule *rule = &policy->rules[number - 1];
	*info = (struct policy_rule_info){rule->name, rule->action, rule->stage, rule->tags};
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
