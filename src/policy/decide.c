/* The two stages. Nothing is allocated; the first rule that holds ends the walk. */
#include "policy/compiled.h"

static const struct rule *first_match(const struct stage_rules *rules, struct matter *matter,
                                      struct evidence *evidence)
{
	if (!(rules->tags & matter->question->tags))
		return NULL;
	for (size_t i = 0; i < rules->count; i++)
		if (policy_rule_check(rules->rules[i], matter, evidence) == CRITERION_NONE)
			return rules->rules[i];
	return NULL;
}

static void decide(struct verdict *verdict, const struct rule *rule,
                   const struct evidence *evidence)
{
	*verdict = (struct verdict){
		.action = (uint8_t)rule->action,
		.stage = (uint8_t)rule->stage,
		.match = evidence->match,
		.rule = rule->number,
		.list = evidence->list,
		.index = evidence->index,
		.pattern = evidence->pattern,
		.reply = rule->action == ACTION_SINKHOLE ? &rule->reply : NULL,
	};
}

bool policy_decide_names(const struct policy *policy, struct policy_scratch *scratch,
                         const struct policy_question *question, struct verdict *verdict)
{
	struct matter matter;
	struct evidence evidence;
	matter_init(&matter, question, NULL, scratch_of(scratch));
	const struct rule *rule = first_match(&policy->names, &matter, &evidence);
	*verdict = (struct verdict){.action = ACTION_ALLOW, .stage = STAGE_NONE};
	if (!rule)
		return false;
	decide(verdict, rule, &evidence);
	return rule->action != ACTION_FLAG;
}

void policy_decide_answers(const struct policy *policy, struct policy_scratch *scratch,
                           const struct policy_question *question,
                           const struct policy_answer *answer, struct verdict *verdict)
{
	struct matter matter;
	struct evidence evidence;
	if (verdict->rule && verdict->action != ACTION_FLAG)
		return; /* the names stage ended the way */
	matter_init(&matter, question, answer, scratch_of(scratch));
	const struct rule *rule = first_match(&policy->answers, &matter, &evidence);
	if (!rule)
		return;
	if (!verdict->rule || rule->action == ACTION_SINKHOLE)
		decide(verdict, rule, &evidence);
}
