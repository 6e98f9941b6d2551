/* The answers stage with the lists that it needs, see decide.h. */
#include "pipeline/decide.h"

void decide_answers(const struct decide_tools *tools, const struct policy_question *question,
                    const struct list_asked *asked, const struct list_answer *view,
                    struct policy_answer *answer, struct list_set *answer_lists,
                    struct verdict *verdict)
{
	if (view) {
		lists_match_answer(tools->lists, tools->list_scratch, asked, view, answer_lists);
		if (list_set_any(answer_lists))
			answer->lists = answer_lists;
	}
	if (answer->hop_count && policy_follows(tools->policy, tools->scratch, question->tags)) {
		for (size_t i = 0; i < answer->hop_count; i++) {
			struct list_asked hop = *asked;
			hop.name = &answer->hops[i];
			lists_match(tools->lists, tools->list_scratch, &hop, &tools->hop_lists[i]);
		}
		answer->hop_lists = tools->hop_lists;
	}
	policy_decide_answers(tools->policy, tools->scratch, question, answer, verdict);
}
