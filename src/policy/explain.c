/* What each rule says to one query, in words. The rules are asked by the same policy_rule_check that decides, so
 * that an explanation can not say anything else than what is done. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dns/dns.h"
#include "policy/compiled.h"

#define WHY_BYTES_MAX sizeof(((struct policy_step *)NULL)->why)
#define MORE_BYTES_MAX 16 /* ", and 1024 more" */

/* A phrase that is written piece by piece; what does not fit is cut, lists say how many are left out. */
struct phrase {
	char *text;
	size_t length;
	size_t items, left_out; /* of the list that is being written */
};

static void say(struct phrase *phrase, const char *format, ...) PF_PRINTF(2, 3);

static void say(struct phrase *phrase, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length =
		vsnprintf(phrase->text + phrase->length, WHY_BYTES_MAX - phrase->length, format, arguments);
	va_end(arguments);
	if (length > 0)
		phrase->length += (size_t)length;
	if (phrase->length >= WHY_BYTES_MAX)
		phrase->length = WHY_BYTES_MAX - 1;
}

static void say_item(struct phrase *phrase, const char *item)
{
	bool fits = phrase->length + strlen(item) + 2 + MORE_BYTES_MAX < WHY_BYTES_MAX;
	if (phrase->left_out || (!fits && phrase->items))
		phrase->left_out++;
	else
		say(phrase, "%s%s", phrase->items++ ? ", " : "", item);
}

static void end_items(struct phrase *phrase)
{
	if (phrase->left_out)
		say(phrase, " and %zu more", phrase->left_out);
	phrase->items = phrase->left_out = 0;
}

static void say_tags(struct phrase *phrase, const struct policy *policy, tag_set tags)
{
	for (size_t i = 0; i < policy->tags.count; i++)
		if (tags & tag_bit(i))
			say_item(phrase, policy->tags.names[i]);
	end_items(phrase);
}

static void say_lists(struct phrase *phrase, const struct policy *policy,
                      const struct list_set *lists)
{
	for (size_t i = 0; i < policy->list_count; i++)
		if (list_set_has(lists, i))
			say_item(phrase, policy->list_names[i]);
	end_items(phrase);
}

static void say_types(struct phrase *phrase, const struct rule *rule)
{
	for (size_t i = 0; i < rule->type_count; i++) {
		char text[DNS_TYPE_TEXT_MAX];
		dns_type_to_text(rule->types[i], text);
		say_item(phrase, text);
	}
	end_items(phrase);
}

static void say_patterns(struct phrase *phrase, const struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		say_item(phrase, patterns->list[i].text);
	end_items(phrase);
}

static void say_countries(struct phrase *phrase, const struct countries *countries)
{
	for (size_t i = 0; i < countries->count; i++)
		say_item(phrase, countries->codes[i].code);
	end_items(phrase);
}

static void say_asns(struct phrase *phrase, const struct rule *rule)
{
	for (size_t i = 0; i < rule->asn_count; i++) {
		char text[16];
		snprintf(text, sizeof text, "AS%u", rule->asns[i]);
		say_item(phrase, text);
	}
	end_items(phrase);
}

static void say_prefixes(struct phrase *phrase, const struct rule *rule)
{
	for (size_t i = 0; i < rule->prefix_count; i++) {
		char text[PREFIX_TEXT_MAX];
		prefix_format(&rule->prefixes[i], text);
		say_item(phrase, text);
	}
	end_items(phrase);
}

static void say_standing(struct phrase *phrase, const struct rule *rule,
                         const struct answer_facts *facts)
{
	if (facts->standing == STANDING_NONE)
		say(phrase, "the answer holds no address");
	else
		say(phrase, "the answer stands %s, not %s", standing_word(facts->standing),
		    standing_word(rule->standing));
}

static void say_confidence(struct phrase *phrase, const struct rule *rule,
                           const struct answer_facts *facts)
{
	const char *word = confidence_word(facts->confidence);
	say(phrase, "the confidence is %s, the rule needs %s", *word ? word : "none",
	    confidence_word(rule->confidence));
}

static void say_place(struct phrase *phrase, const struct countries *countries, const char *how)
{
	say(phrase, "no address is %s %s", how, countries->negated ? "a known country outside " : "");
	say_countries(phrase, countries);
}

static void say_question(struct phrase *phrase, const struct policy *policy,
                         const struct rule *rule, struct matter *matter, enum criterion failed)
{
	char type[DNS_TYPE_TEXT_MAX], time[SCHEDULE_TIME_MAX];
	struct list_set held;
	switch (failed) {
	case CRITERION_TAGS:
		say(phrase, "the device has none of the tags ");
		say_tags(phrase, policy, rule->tags);
		break;
	case CRITERION_TAGS_ALL:
		say(phrase, "the device has not all of the tags ");
		say_tags(phrase, policy, rule->tags_all);
		break;
	case CRITERION_TAGS_NONE:
		say(phrase, "the rule is not for devices with the tag ");
		say_tags(phrase, policy, rule->tags_none & matter->question->tags);
		break;
	case CRITERION_DURING:
		schedule_time_text(rule->during, matter->question->wall_us, time);
		say(phrase, "it is %s, and the rule acts %s", time, rule->during->text);
		break;
	case CRITERION_NOT_LISTS:
		say(phrase, "the rule leaves out names on the list ");
		list_set_common(&rule->not_lists, matter->question->lists, &held);
		say_lists(phrase, policy, &held);
		break;
	case CRITERION_NOT_NAMES:
		say(phrase, "the rule leaves out %s",
		    patterns_match(&rule->not_names, matter->scratch, &matter->name));
		break;
	case CRITERION_TYPES:
		dns_type_to_text(matter->question->type, type);
		say(phrase, "the type %s is %s", type, rule->types_negated ? "left out: " : "none of ");
		say_types(phrase, rule);
		break;
	case CRITERION_LISTS:
		say(phrase, "the name is on none of the lists ");
		say_lists(phrase, policy, &rule->lists);
		break;
	default:
		say(phrase, "the name is none of ");
		say_patterns(phrase, &rule->names);
		break;
	}
}

static void say_answer(struct phrase *phrase, const struct rule *rule, const struct matter *matter,
                       enum criterion failed)
{
	switch (failed) {
	case CRITERION_STANDING: say_standing(phrase, rule, matter->answer->facts); break;
	case CRITERION_CONFIDENCE: say_confidence(phrase, rule, matter->answer->facts); break;
	case CRITERION_LOCATION: say_place(phrase, &rule->location, "in"); break;
	case CRITERION_CONTROL: say_place(phrase, &rule->control, "controlled from"); break;
	case CRITERION_ASN:
		say(phrase, "no address is run by %s", rule->asns_negated ? "a known network but " : "");
		say_asns(phrase, rule);
		break;
	case CRITERION_ADDRESSES:
		say(phrase, "no address is %s ", rule->prefixes_negated ? "outside" : "in");
		say_prefixes(phrase, rule);
		break;
	case CRITERION_CNAME:
		if (!matter->answer->hop_count) {
			say(phrase, "the answer has no CNAME");
			break;
		}
		say(phrase, "no CNAME is any of ");
		say_patterns(phrase, &rule->cnames);
		break;
	default: say(phrase, "no single address meets all that the rule asks of one"); break;
	}
}

/* Which of several addresses does not meet a rule that asks for all. */
static void say_exception(struct phrase *phrase, const struct rule *rule,
                          const struct address_facts *address, enum criterion failed)
{
	char text[ADDR_TEXT_MAX];
	addr_format(&address->address, text);
	say(phrase, "not all addresses: %s ", text);
	switch (failed) {
	case CRITERION_STANDING: say(phrase, "stands %s", standing_word(address->standing)); break;
	case CRITERION_CONFIDENCE:
		say(phrase, "has confidence %s", confidence_word(address->confidence));
		break;
	case CRITERION_LOCATION:
		say(phrase, "is not in %s", rule->location.negated ? "a known country outside " : "");
		say_countries(phrase, &rule->location);
		break;
	case CRITERION_CONTROL:
		say(phrase, "is not controlled from %s",
		    rule->control.negated ? "a known country outside " : "");
		say_countries(phrase, &rule->control);
		break;
	case CRITERION_ASN:
		say(phrase, "is not run by ");
		say_asns(phrase, rule);
		break;
	default:
		say(phrase, "is not in ");
		say_prefixes(phrase, rule);
		break;
	}
}

/* Why it holds: the evidence that a verdict would carry. */
static void say_match(struct phrase *phrase, const struct policy *policy,
                      const struct matter *matter, const struct evidence *evidence)
{
	const struct answer_facts *facts = matter->answer ? matter->answer->facts : NULL;
	char text[ADDR_TEXT_MAX], name[NAME_TEXT_MAX];
	switch ((enum match_kind)evidence->match) {
	case MATCH_ALWAYS: say(phrase, "it asks for nothing that the query has not"); break;
	case MATCH_NAME: say(phrase, "the name matches %s", evidence->pattern); break;
	case MATCH_LIST:
		say(phrase, "the name is on the list %s", policy->list_names[evidence->list]);
		break;
	case MATCH_CNAME_LIST:
		dns_name_to_text(&matter->answer->hops[evidence->index], name);
		say(phrase, "the CNAME number %u is on the list %s: %s", evidence->index + 1u,
		    policy->list_names[evidence->list], name);
		break;
	case MATCH_ANSWER_LIST:
		say(phrase, "the answer is on the list %s", policy->list_names[evidence->list]);
		break;
	case MATCH_CNAME:
		say(phrase, "the CNAME number %u matches %s", evidence->index + 1u, evidence->pattern);
		break;
	case MATCH_ADDRESS:
		addr_format(&facts->addresses[evidence->index].address, text);
		say(phrase, "the answer stands %s with %s confidence, and %s meets the rule",
		    standing_word(facts->standing), confidence_word(facts->confidence), text);
		break;
	case MATCH_ANSWER: say(phrase, "the answer stands %s", standing_word(facts->standing)); break;
	}
}

/* What the stage of a rule has come to before it is asked. */
struct progress {
	const struct rule *ended;   /* the names stage ended the way by it */
	const struct rule *flag;    /* the names stage flagged by it */
	const struct rule *decided; /* the first rule of the stage that is walked now */
	struct policy_step *flag_step;
};

/* It flagged, but another sinkholes the answer. */
static void overrule_flag(struct progress *progress, const struct rule *by)
{
	struct phrase of_flag = {.text = progress->flag_step->why};
	progress->flag_step->result = STEP_SHADOWED;
	say(&of_flag, "it flags, but rule %u sinkholes the answer", by->number);
}

static void say_flagged(struct policy_step *step, struct phrase *phrase, const struct rule *flag)
{
	step->result = STEP_SHADOWED;
	phrase->length = 0;
	say(phrase, "the name is flagged already (rule %u), and only a sinkhole would change that",
	    flag->number);
}

/* A sinkhole of a device that is paused: the flag that stood before still stands. True: the step is that of no verdict. */
static bool say_paused(struct policy_step *step, struct phrase *phrase,
                       const struct progress *progress, const struct rule *rule, bool paused)
{
	if (!paused || rule->action != ACTION_SINKHOLE)
		return false;
	say(phrase, "; but it is paused");
	if (progress->flag)
		step->result = STEP_SHADOWED;
	return progress->flag;
}

/* A rule that holds, in the names stage or for a CNAME of it. */
static void explain_name(struct policy_step *step, struct phrase *phrase, struct progress *progress,
                         const struct rule *rule, bool paused)
{
	bool flags = rule->action == ACTION_FLAG;
	if (say_paused(step, phrase, progress, rule, paused)) {
		progress->ended = rule;
		return;
	}
	if (!flags && progress->flag)
		overrule_flag(progress, rule);
	progress->flag = flags ? rule : NULL;
	progress->ended = flags ? NULL : rule;
	progress->flag_step = flags ? step : NULL;
	step->result = STEP_MATCHES;
}

static void explain_match(struct policy_step *step, struct phrase *phrase,
                          struct progress *progress, const struct rule *rule, bool paused)
{
	if (progress->decided) {
		step->result = STEP_SHADOWED;
		phrase->length = 0;
		say(phrase, "an earlier rule has decided (rule %u)", progress->decided->number);
		return;
	}
	progress->decided = rule;
	step->result = STEP_MATCHES;
	if (rule->stage == STAGE_NAMES)
		explain_name(step, phrase, progress, rule, paused);
	else if (say_paused(step, phrase, progress, rule, paused))
		return;
	else if (progress->flag && rule->action == ACTION_SINKHOLE)
		overrule_flag(progress, rule);
	else if (progress->flag)
		say_flagged(step, phrase, progress->flag);
}

/* What a CNAME of the answer comes to; the rules have their steps already, as the name itself made them. */
static void explain_hop(const struct policy *policy, struct matter *matter, size_t hop,
                        struct progress *progress, struct policy_step *steps)
{
	char name[NAME_TEXT_MAX];
	struct evidence evidence;
	const struct rule *rule = policy_first_of_hop(policy->whole, matter->question, matter->answer,
	                                              hop, matter->scratch, &evidence);
	if (!rule)
		return;
	struct policy_step *step = &steps[rule->number - 1];
	struct phrase phrase = {.text = step->why};
	if (rule->action == ACTION_ALLOW) {
		dns_name_to_text(&matter->answer->hops[hop], name);
		say(&phrase, "it lets the CNAME number %zu pass: %s", hop + 1, name);
		return;
	}
	if (rule == progress->flag)
		return; /* by the name or an earlier CNAME */
	if (rule->action == ACTION_FLAG && progress->flag) {
		say_flagged(step, &phrase, progress->flag);
		return;
	}
	step->stage = STAGE_ANSWERS;
	say_match(&phrase, policy, matter, &evidence);
	explain_name(step, &phrase, progress, rule, matter->question->paused);
}

/* What the lists say about the answer itself, likewise. */
static void explain_listed(const struct policy *policy, struct matter *matter,
                           struct progress *progress, struct policy_step *steps)
{
	struct evidence evidence;
	const struct rule *rule = policy_first_of_answer(policy->whole, matter->question,
	                                                 matter->answer, matter->scratch, &evidence);
	if (!rule || rule == progress->flag)
		return;
	struct policy_step *step = &steps[rule->number - 1];
	struct phrase phrase = {.text = step->why};
	if (rule->action != ACTION_SINKHOLE && progress->flag) {
		say_flagged(step, &phrase, progress->flag);
		return;
	}
	step->stage = STAGE_ANSWERS;
	say_match(&phrase, policy, matter, &evidence);
	explain_name(step, &phrase, progress, rule, matter->question->paused);
}

static void explain_rule(const struct policy *policy, const struct rule *rule,
                         struct matter *matter, struct progress *progress, struct policy_step *step)
{
	struct phrase phrase = {.text = step->why};
	struct evidence evidence;
	*step = (struct policy_step){.rule = rule->number, .stage = rule->stage};
	if (rule->stage == STAGE_ANSWERS && (progress->ended || !matter->answer)) {
		step->result = STEP_NOT_ASKED;
		if (progress->ended)
			say(&phrase, "rule %u has decided by names alone", progress->ended->number);
		else
			say(&phrase, "there is no answer to look at");
		return;
	}
	enum criterion failed = policy_rule_check(rule, matter, &evidence);
	if (failed == CRITERION_NONE) {
		say_match(&phrase, policy, matter, &evidence);
		explain_match(step, &phrase, progress, rule, matter->question->paused);
		return;
	}
	step->result = STEP_NO_MATCH;
	const struct answer_facts *facts = matter->answer ? matter->answer->facts : NULL;
	bool of_address = failed >= CRITERION_STANDING && failed <= CRITERION_ADDRESSES;
	if (failed < CRITERION_STANDING)
		say_question(&phrase, policy, rule, matter, failed);
	else if (of_address && rule->match_all && facts->address_count > 1)
		say_exception(&phrase, rule, &facts->addresses[evidence.index], failed);
	else
		say_answer(&phrase, rule, matter, failed);
}

void policy_explain(const struct policy *policy, struct policy_scratch *scratch,
                    const struct policy_question *question, const struct policy_answer *answer,
                    struct policy_step *steps)
{
	struct matter matter;
	struct progress progress = {0};
	matter_init(&matter, question, answer, scratch_of(scratch));
	const struct program *whole = policy->whole;
	for (size_t i = 0; i < whole->names.count; i++) {
		const struct rule *rule = whole->names.rules[i];
		explain_rule(policy, rule, &matter, &progress, &steps[rule->number - 1]);
	}
	bool follow = answer && answer->hop_lists && whole->cnames.count;
	for (size_t i = 0; follow && i < answer->hop_count && !progress.ended; i++)
		explain_hop(policy, &matter, i, &progress, steps);
	if (answer && answer->lists && !progress.ended)
		explain_listed(policy, &matter, &progress, steps);
	struct policy_question wide;
	struct list_set lists;
	if (answer) {
		policy_widen(question, answer, &wide, &lists);
		matter.question = &wide;
	}
	progress.decided = NULL;
	for (size_t i = 0; i < whole->answers.count; i++) {
		const struct rule *rule = whole->answers.rules[i];
		explain_rule(policy, rule, &matter, &progress, &steps[rule->number - 1]);
	}
}
