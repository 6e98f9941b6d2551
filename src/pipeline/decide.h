/* Rules and lists together: how a question and its answer are decided, for those who ask now (pipeline.c) and for what was asked
 * before (simulate.c). */
#ifndef PF_PIPELINE_DECIDE_H
#define PF_PIPELINE_DECIDE_H

#include "lists/lists.h"
#include "policy/policy.h"

/* What decides, and what one thread needs for it. All is borrowed. */
struct decide_tools {
	const struct policy *policy;
	const struct lists *lists;
	struct policy_scratch *scratch;
	struct regex_scratch *list_scratch;
	struct list_set *hop_lists; /* room for the lists of each CNAME of an answer */
};

/* The answers stage, with the lists of each CNAME where a rule asks for them: replaces `verdict` as policy_decide_answers does. `view`
 * is for lists that look at answers (lists_look_at_answers), else NULL. Of `answer` all is given but its lists, which are filled here: hop_lists are those of the tools, or
 * NULL when nobody asks for them; lists are `answer_lists` (empty before) when there are any. */
void decide_answers(const struct decide_tools *tools, const struct policy_question *question,
                    const struct list_asked *asked, const struct list_answer *view,
                    struct policy_answer *answer, struct list_set *answer_lists,
                    struct verdict *verdict);

#endif
