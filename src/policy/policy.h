/* The rules, compiled: names first, answers second (design: names that need only the device and the
 * question are decided before anything leaves the house). First match wins in each stage.
 *
 * A rule belongs to the answers stage when it names standing, confidence, location, control, asn,
 * addresses or cnames; else to the names stage. When both stages match:
 *   - names `allow` or `sinkhole` end the way at once;
 *   - names `flag` is kept, and the answers stage is still asked: `sinkhole` there wins, anything else
 *     leaves the flag of the names stage in force.
 *
 * Cloaked names: between the two stages each CNAME of the answer passes through the rules of the names stage that ask for
 * lists as if it had been asked for (`follow-cname: off` takes a rule out), and through those that allow names or
 * lists, which let it pass and do no more. A sinkhole ends the way there, a flag is kept like one of the names
 * stage. What is decided so counts to the answers stage: that is where it became known.
 *
 * While a device is paused a rule that would sinkhole decides as ever, but the action is `allow` (or the flag that stood
 * before), and verdict.paused says which rule it was.
 *
 * Each set of tags has a program: the rules that concern it, in their order, with an index of names and lists over
 * long ones, so that a query pays for its own device's rules. The sets of the configuration are compiled with the
 * policy, others when a thread first meets one (in its scratch).
 *
 * `location`, `control`, `asn` and `addresses` of one rule must all hold for one and the same address;
 * `!CN` holds for an address whose country is known and is not CN. An answer without an address has no
 * standing, and no rule on standing matches it. How often rules match is not counted here: workers do. */
#ifndef PF_POLICY_POLICY_H
#define PF_POLICY_POLICY_H

#include <stdatomic.h>

#include "base/diag.h"
#include "config/config.h"
#include "value/device.h"
#include "value/facts.h"
#include "value/listset.h"
#include "value/verdict.h"

struct policy; /* immutable; shared by all workers */

/* Compiles the rules (regexes by vectorscan). Errors go to `diag` with the rule's position. PF_OK and
 * `*out` owned by the caller; PF_EINVAL; PF_ENOMEM. The policy keeps no pointer into `config`. */
PF_MUST_CHECK int policy_compile(const struct config *config, struct diag *diag,
                                 struct policy **out);
void policy_free(struct policy **policy);

/* Scratch that regexes need: one for each thread that decides. NULL without memory. */
struct policy_scratch;
struct policy_scratch *policy_scratch_new(const struct policy *policy);
void policy_scratch_free(struct policy_scratch **scratch);

/* Has the answers stage, or one of `hop_count` CNAMEs on the way, anything to say about a device with these tags? If not, the answer
 * need not be looked at. `kept` and `number` as in struct policy_answer. */
bool policy_needs_answer(const struct policy *policy, struct policy_scratch *scratch, tag_set tags,
                         size_t hop_count, const atomic_uint_least64_t *kept, uint32_t number);
/* Of an answer that is to be looked at: does that take its facts too? If not, policy_answer.facts may be NULL. */
bool policy_needs_facts(const struct policy *policy, struct policy_scratch *scratch, tag_set tags,
                        const atomic_uint_least64_t *kept, uint32_t number);
/* Does any rule for these tags ask for lists? If not, the question's may be empty. */
bool policy_needs_lists(const struct policy *policy, struct policy_scratch *scratch, tag_set tags);
/* Does any rule for these tags that needs only the name hang on the time (`during`)? */
bool policy_looks_at_clock(const struct policy *policy, struct policy_scratch *scratch,
                           tag_set tags);
/* Does any rule for these tags ask which lists hold the CNAMEs of an answer? */
bool policy_follows(const struct policy *policy, struct policy_scratch *scratch, tag_set tags);

/* Which rules with `during` act at a time, in one number: at two times with the same one all questions are decided alike. 0: there is no
 * such rule. */
uint64_t policy_phase(const struct policy *policy, int64_t wall_us);

/* What is known of a question. */
struct policy_question {
	tag_set tags;
	const struct dns_name *name;
	uint16_t type;
	const struct list_set *lists; /* of the name */
	int64_t wall_us;              /* now, for rules with `during` */
	bool paused;                  /* sinkholes are suspended for this device */
};

/* What is known of its answer. */
struct policy_answer {
	const struct answer_facts *facts;
	const struct dns_name *hops; /* CNAME targets in order */
	size_t hop_count;
	/* Of each hop, the lists that hold it; NULL when nobody looked (policy_follows). */
	const struct list_set *hop_lists;
	/* The lists that hold something of the answer: an address, a name server; NULL when there are none. They
	 * count for all rules with `lists`: those of the names stage are asked once more, those of the answers
	 * stage see them beside the name's. */
	const struct list_set *lists;
	/* Where it may be kept, beside the facts, what the rules say of these facts and hops alone, whoever asks: which of the first
	 * POLICY_KEPT_RULES of the answers stage can hold at all. No verdict: a rule that can is checked as ever. So an answer that none
	 * of them is about costs a few compares, however many rules there are. It counts for the policy of this number only, so that the
	 * first question after a reload looks anew; any thread may write it, since all write the same. NULL: nothing is kept. */
	atomic_uint_least64_t *kept;
	uint32_t policy_number; /* not 0, and another one for each policy */
};
#define POLICY_KEPT_RULES 32

/* The names stage. Fills `verdict` (ACTION_ALLOW, STAGE_NONE, rule 0 when nothing matched) and returns
 * whether the way ends here. A regex look-up that fails is a rule that does not match, and is counted
 * nowhere: scratch and database are made for each other. */
bool policy_decide_names(const struct policy *policy, struct policy_scratch *scratch,
                         const struct policy_question *question, struct verdict *verdict);

/* The answers stage; `verdict` comes from policy_decide_names and is replaced as said above. */
void policy_decide_answers(const struct policy *policy, struct policy_scratch *scratch,
                           const struct policy_question *question,
                           const struct policy_answer *answer, struct verdict *verdict);

/* One step of an explanation: what one rule says to a question, in the rules' order. At most one step is
 * STEP_MATCHES, and it is that of verdict.rule. */
enum policy_step_result {
	STEP_MATCHES, /* it decides */
	STEP_SHADOWED, /* it would match, but another decides: an earlier rule of its stage, or, where both
	                   stages match and the names stage flags, the one that wins as said above */
	STEP_NO_MATCH,  /* `why` says what did not hold */
	STEP_NOT_ASKED, /* an answers rule, but the names stage ended the way, or there is no answer */
};
struct policy_step {
	uint16_t rule; /* from 1 */
	enum stage stage;
	enum policy_step_result result;
	char why[160]; /* "the device has none of the tags coffee, camera" */
};
/* Walks all rules by the same checks that decide; `steps` has room for policy_rule_count(). `answer`
 * may be NULL. */
void policy_explain(const struct policy *policy, struct policy_scratch *scratch,
                    const struct policy_question *question, const struct policy_answer *answer,
                    struct policy_step *steps);

/* Does an address meet all that a rule (from 1) asks of one? Those are what `reply: strip` takes out. */
bool policy_takes_address(const struct policy *policy, size_t rule,
                          const struct address_facts *address);

/* For display. Rules count from 1. */
size_t policy_rule_count(const struct policy *policy);
struct policy_rule_info {
	const char *name;
	size_t name_length; /* bytes, without the NUL */
	enum action action;
	enum stage stage;
	tag_set tags;
	bool added; /* by people, while the daemon runs */
};
/* Of the configuration that it was compiled from: the first rule (from 1) that decides wherever this one would, 0: none does. */
size_t policy_shadowed_by(const struct config *config, size_t rule);
void policy_rule_info(const struct policy *policy, size_t rule, struct policy_rule_info *info);
const char *policy_tag_name(const struct policy *policy, size_t tag);

#endif
