/* The two stages. The first rule that holds ends the walk. */
#include "policy/compiled.h"

/* `held` is what is known of the answer: a bit for each rule that can hold. */
static bool can_hold(const struct rule *rule, uint32_t held)
{
	return rule->place >= POLICY_KEPT_RULES || held >> rule->place & 1;
}

static const struct rule *first_indexed(const struct program_stage *stage, struct matter *matter,
                                        uint32_t held, struct evidence *evidence)
{
	uint64_t places[DISPATCH_WORDS_MAX];
	const struct policy_question *question = matter->question;
	size_t words = dispatch_find(stage->dispatch, question->name, question->lists, places);
	for (size_t word = 0; word < words; word++) {
		for (uint64_t left = places[word]; left; left &= left - 1) {
			const struct rule *rule = stage->rules[word * 64 + (size_t)__builtin_ctzll(left)];
			if (can_hold(rule, held) && policy_rule_check(rule, matter, evidence) == CRITERION_NONE)
				return rule;
		}
	}
	return NULL;
}

static const struct rule *first_match(const struct program_stage *stage, struct matter *matter,
                                      uint32_t held, struct evidence *evidence)
{
	if (stage->dispatch)
		return first_indexed(stage, matter, held, evidence);
	for (size_t i = 0; i < stage->count; i++)
		if (can_hold(stage->rules[i], held) &&
		    policy_rule_check(stage->rules[i], matter, evidence) == CRITERION_NONE)
			return stage->rules[i];
	return NULL;
}

static void decide(struct verdict *verdict, const struct rule *rule, enum stage stage,
                   const struct policy_question *question, const struct evidence *evidence)
{
	bool sinkholes = rule->action == ACTION_SINKHOLE;
	if (sinkholes && question->paused && verdict->rule) { /* the flag stands */
		verdict->paused = rule->number;
		return;
	}
	*verdict = (struct verdict){
		.action = (uint8_t)rule->action,
		.stage = (uint8_t)stage,
		.match = evidence->match,
		.rule = rule->number,
		.list = evidence->list,
		.index = evidence->index,
		.pattern = evidence->pattern,
		.reply = sinkholes ? &rule->reply : NULL,
	};
	if (!sinkholes || !question->paused)
		return;
	verdict->action = ACTION_ALLOW;
	verdict->paused = rule->number;
	verdict->reply = NULL;
}

bool policy_decide_names(const struct policy *policy, struct policy_scratch *scratch,
                         const struct policy_question *question, struct verdict *verdict)
{
	struct matter matter;
	struct evidence evidence;
	matter_init(&matter, question, NULL, scratch_of(scratch));
	const struct program *program = policy_program(policy, scratch, question->tags);
	const struct rule *rule = first_match(&program->names, &matter, UINT32_MAX, &evidence);
	*verdict = (struct verdict){.action = ACTION_ALLOW, .stage = STAGE_NONE};
	if (!rule)
		return false;
	decide(verdict, rule, STAGE_NAMES, question, &evidence);
	return rule->action != ACTION_FLAG;
}

const struct rule *policy_first_of_hop(const struct program *program,
                                       const struct policy_question *question,
                                       const struct policy_answer *answer, size_t hop,
                                       struct regex_scratch *scratch, struct evidence *evidence)
{
	struct policy_question asked = *question;
	struct matter matter;
	asked.name = &answer->hops[hop];
	asked.lists = &answer->hop_lists[hop];
	matter_init(&matter, &asked, NULL, scratch);
	const struct rule *rule = first_match(&program->cnames, &matter, UINT32_MAX, evidence);
	evidence->match = evidence->match == MATCH_LIST ? MATCH_CNAME_LIST : MATCH_CNAME;
	evidence->index = (uint16_t)hop;
	return rule;
}

/* The CNAMEs, one by one, as if they had been asked for. True when one ends the way. What allows one allows nothing
 * else: whoever owns a name chooses where it leads. */
static bool decide_hops(const struct program *program, const struct policy_question *question,
                        const struct policy_answer *answer, struct regex_scratch *scratch,
                        struct verdict *verdict)
{
	struct evidence evidence;
	if (!program->cnames.count || !answer->hop_lists)
		return false;
	for (size_t i = 0; i < answer->hop_count; i++) {
		const struct rule *rule =
			policy_first_of_hop(program, question, answer, i, scratch, &evidence);
		if (!rule || rule->action == ACTION_ALLOW)
			continue;
		if (!verdict->rule || rule->action == ACTION_SINKHOLE)
			decide(verdict, rule, STAGE_ANSWERS, question, &evidence);
		if (rule->action == ACTION_SINKHOLE)
			return true;
	}
	return false;
}

const struct rule *policy_first_of_answer(const struct program *program,
                                          const struct policy_question *question,
                                          const struct policy_answer *answer,
                                          struct regex_scratch *scratch, struct evidence *evidence)
{
	if (!answer->lists)
		return NULL;
	struct policy_question asked = *question;
	struct matter matter;
	asked.lists = answer->lists;
	matter_init(&matter, &asked, NULL, scratch);
	for (size_t i = 0; i < program->names.count; i++) {
		const struct rule *rule = program->names.rules[i];
		if (!rule->lists_given || policy_rule_check(rule, &matter, evidence) != CRITERION_NONE)
			continue;
		evidence->match = MATCH_ANSWER_LIST;
		return rule;
	}
	return NULL;
}

void policy_widen(const struct policy_question *question, const struct policy_answer *answer,
                  struct policy_question *wide, struct list_set *lists)
{
	*wide = *question;
	if (!answer->lists)
		return;
	for (size_t i = 0; i < PF_COUNT(lists->words); i++)
		lists->words[i] = question->lists->words[i] | answer->lists->words[i];
	wide->lists = lists;
}

/* What the lists say about the answer itself. True when that ends the way. */
static bool decide_listed(const struct program *program, const struct policy_question *question,
                          const struct policy_answer *answer, struct regex_scratch *scratch,
                          struct verdict *verdict)
{
	struct evidence evidence;
	const struct rule *rule = policy_first_of_answer(program, question, answer, scratch, &evidence);
	if (!rule)
		return false;
	if (!verdict->rule || rule->action == ACTION_SINKHOLE)
		decide(verdict, rule, STAGE_ANSWERS, question, &evidence);
	return rule->action != ACTION_FLAG;
}

/* Which rules can hold of the answer, whoever asks: noted beside its facts by the first who asks, see policy_answer.kept. */
static uint32_t find_held(const struct policy *policy, const struct policy_answer *answer,
                          struct regex_scratch *scratch)
{
	if (!answer->kept || (policy->scratch && !scratch))
		return UINT32_MAX;
	uint64_t kept = atomic_load_explicit(answer->kept, memory_order_relaxed);
	if (kept >> 32 == answer->policy_number)
		return (uint32_t)kept;
	uint32_t held = 0;
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->place < POLICY_KEPT_RULES && policy_rule_meets(rule, answer, scratch))
			held |= 1u << rule->place;
	}
	atomic_store_explicit(answer->kept, (uint64_t)answer->policy_number << 32 | held,
	                      memory_order_relaxed);
	return held;
}

void policy_decide_answers(const struct policy *policy, struct policy_scratch *scratch,
                           const struct policy_question *question,
                           const struct policy_answer *answer, struct verdict *verdict)
{
	struct matter matter;
	struct evidence evidence;
	if (verdict->rule && verdict->action != ACTION_FLAG)
		return; /* the names stage ended the way */
	const struct program *program = policy_program(policy, scratch, question->tags);
	if (decide_hops(program, question, answer, scratch_of(scratch), verdict) ||
	    decide_listed(program, question, answer, scratch_of(scratch), verdict))
		return;
	uint32_t held = find_held(policy, answer, scratch_of(scratch));
	if (!program->answers.beyond && !(program->answers.places & held))
		return;
	struct policy_question wide;
	struct list_set lists;
	policy_widen(question, answer, &wide, &lists);
	matter_init(&matter, &wide, answer, scratch_of(scratch));
	const struct rule *rule = first_match(&program->answers, &matter, held, &evidence);
	if (!rule)
		return;
	if (evidence.match == MATCH_LIST && !list_set_has(question->lists, evidence.list))
		evidence.match = MATCH_ANSWER_LIST;
	if (!verdict->rule || rule->action == ACTION_SINKHOLE)
		decide(verdict, rule, STAGE_ANSWERS, question, &evidence);
}
