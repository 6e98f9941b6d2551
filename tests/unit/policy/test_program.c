/* Programs and their indexes against the plain walk over all rules, with rules, devices and queries drawn by lot. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/answer.h"
#include "policy/compiled.h"
#include "policy/shadow.h"
#include "unit/policy/fixture.h"

#define ROUNDS 120
#define QUERIES 150
#define TAGS 8 /* all, unknown, new, and those of the devices below */
#define LISTS 6
#define ADDRESSES 3

static uint64_t lot_state;

/* xorshift: the same draws on every machine. */
static uint32_t lot(uint32_t below)
{
	lot_state ^= lot_state << 13;
	lot_state ^= lot_state >> 7;
	lot_state ^= lot_state << 17;
	return (uint32_t)(lot_state >> 33) % below;
}

static bool one_in(uint32_t n)
{
	return !lot(n);
}

/* ---- drawing a policy -------------------------------------------------------------------- */

struct yaml {
	size_t length;
	char text[1 << 18];
};

static void put(struct yaml *yaml, const char *format, ...) PF_PRINTF(2, 3);
static void put(struct yaml *yaml, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int more =
		vsnprintf(yaml->text + yaml->length, sizeof yaml->text - yaml->length, format, arguments);
	va_end(arguments);
	assert_true(more >= 0 && (size_t)more < sizeof yaml->text - yaml->length);
	yaml->length += (size_t)more;
}

static const char *const tag_names[] = {"all", "unknown", "new", "a", "b", "c", "d", "e"};
static const char *const labels[] = {"x", "y", "z"};
static const char *const types[] = {"A", "AAAA", "HTTPS", "TXT"};
static const char *const standings[] = {"unknown", "home", "overseas", "disputed"};
static const char *const countries[] = {"US", "CN", "DE"};

static const char *sign(uint32_t n)
{
	return one_in(n) ? "!" : "";
}

/* Few labels, so that names meet. */
static void put_name(struct yaml *yaml)
{
	for (uint32_t i = lot(3) + 1; i; i--)
		put(yaml, "%s%s", labels[lot(3)], i > 1 ? "." : "");
}

static void put_names(struct yaml *yaml, const char *key, bool may_negate)
{
	put(yaml, ", %s: [", key);
	for (uint32_t i = lot(4) + 1; i; i--) {
		put(yaml, "\"%s", may_negate ? sign(5) : "");
		if (one_in(12)) {
			put(yaml, "/%s.%s/\"%s", labels[lot(3)], labels[lot(3)], i > 1 ? ", " : "");
			continue;
		}
		put(yaml, "%s", one_in(2) ? "*." : "");
		put_name(yaml);
		put(yaml, "\"%s", i > 1 ? ", " : "");
	}
	put(yaml, "]");
}

static void put_words(struct yaml *yaml, const char *key, const char *const *words, uint32_t count,
                      uint32_t negated_in)
{
	put(yaml, ", %s: [", key);
	for (uint32_t i = lot(2) + 1; i; i--)
		put(yaml, "\"%s%s\"%s", sign(negated_in), words[lot(count)], i > 1 ? ", " : "");
	put(yaml, "]");
}

static void put_rule(struct yaml *yaml, unsigned number)
{
	static const char *const actions[] = {"allow", "flag", "sinkhole"};
	static const char *const lists[] = {"l0", "l1", "l2", "l3", "l4", "l5"};
	static const char *const asns[] = {"1", "2", "3"};
	const char *all = one_in(3) ? "!" : "";
	put(yaml, "  - {name: r%u, action: %s", number, actions[lot(3)]);
	if (!one_in(3))
		put_words(yaml, "tags", tag_names, TAGS, 5);
	if (one_in(4))
		put_words(yaml, "tags-all", tag_names, TAGS, 5);
	if (one_in(2))
		put_names(yaml, "names", true);
	if (one_in(2))
		put_words(yaml, "lists", lists, LISTS, 6);
	if (one_in(5))
		put(yaml, ", follow-cname: %s", one_in(2) ? "on" : "off");
	if (one_in(6))
		put(yaml, ", types: [\"%s%s\"]", all, types[lot(4)]);
	if (one_in(12))
		put(yaml, ", during: {at: \"%02u:00-%02u:00\", zone: UTC}", lot(12), 12 + lot(12));
	if (one_in(6))
		put(yaml, ", standing: %s, confidence: low", standings[lot(4)]);
	if (one_in(8))
		put(yaml, ", location: [\"%s%s\"]", all, countries[lot(3)]);
	if (one_in(8))
		put(yaml, ", asn: [\"%s%s\"]", all, asns[lot(3)]);
	if (one_in(8))
		put_names(yaml, "cname", false);
	put(yaml, "}\n");
}

static void draw(struct yaml *yaml)
{
	static const unsigned sizes[] = {1, 3, 8, 9, 20, 64, 65, 200};
	yaml->length = 0;
	put(yaml, "home: US\ndevices:\n"
	          "  - {name: a, ip: 192.0.2.1, tags: [a, b]}\n"
	          "  - {name: b, ip: 192.0.2.2, tags: [c, d, e]}\n"
	          "  - {name: c, ip: 192.0.2.3, tags: [a]}\nlists:\n");
	for (unsigned i = 0; i < LISTS; i++)
		put(yaml, "  - {name: l%u, file: " TESTS_DIR "/unit/policy/data/tv.txt}\n", i);
	put(yaml, "rules:\n");
	unsigned count = sizes[lot(PF_COUNT(sizes))];
	for (unsigned i = 0; i < count; i++)
		put_rule(yaml, i);
}

/* ---- drawing a query --------------------------------------------------------------------- */

struct query {
	struct dns_name name, hops[ANSWER_HOP_MAX];
	struct list_set lists, hop_lists[ANSWER_HOP_MAX], answer_lists;
	struct policy_question question;
	struct policy_answer answer;
	struct answer_facts *facts;
};

static void draw_name(struct dns_name *name)
{
	char text[20] = "";
	for (uint32_t i = lot(5); i; i--)
		strcat(strcat(text, labels[lot(3)]), i > 1 ? "." : "");
	assert_int_equal(dns_name_from_text(*text ? text : ".", name), PF_OK);
}

static void draw_lists(struct list_set *lists)
{
	memset(lists, 0, sizeof *lists);
	while (one_in(2))
		list_set_add(lists, lot(LISTS));
}

static void draw_facts(struct answer_facts *facts)
{
	memset(facts, 0, sizeof *facts + ADDRESSES * sizeof facts->addresses[0]);
	facts->address_count = (uint16_t)lot(ADDRESSES + 1);
	facts->standing = facts->address_count ? (uint8_t)(STANDING_UNKNOWN + lot(4)) : 0;
	facts->confidence = facts->address_count ? (uint8_t)(1 + lot(3)) : 0;
	for (unsigned i = 0; i < facts->address_count; i++) {
		struct address_facts *address = &facts->addresses[i];
		address->address.family = 4;
		address->standing = (uint8_t)(STANDING_UNKNOWN + lot(4));
		address->confidence = (uint8_t)(1 + lot(3));
		if (!one_in(4))
			memcpy(address->location.code, countries[lot(3)], 3);
		address->asn = lot(4);
	}
}

static void draw_query(struct query *query)
{
	tag_set tags = tag_bit(TAG_ALL);
	for (unsigned i = TAG_UNKNOWN; i < TAGS; i++)
		tags |= one_in(3) ? tag_bit(i) : 0;
	draw_name(&query->name);
	draw_lists(&query->lists);
	query->question = (struct policy_question){tags,
	                                           &query->name,
	                                           (uint16_t)dns_type_from_text(types[lot(4)]),
	                                           &query->lists,
	                                           (int64_t)lot(1u << 30) * 1000000,
	                                           false};
	size_t hops = one_in(2) ? lot(4) : 0;
	for (size_t i = 0; i < hops; i++) {
		draw_name(&query->hops[i]);
		draw_lists(&query->hop_lists[i]);
	}
	draw_facts(query->facts);
	draw_lists(&query->answer_lists);
	query->answer = (struct policy_answer){.facts = query->facts,
	                                       .hops = query->hops,
	                                       .hop_count = hops,
	                                       .hop_lists = query->hop_lists,
	                                       .lists = one_in(2) ? &query->answer_lists : NULL};
}

/* ---- the plain walk ---------------------------------------------------------------------- */

static const struct rule *walk(const struct policy *policy, struct matter *matter, bool cnames,
                               enum stage stage, struct evidence *evidence)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->stage == stage && (!cnames || rule->follows) &&
		    policy_rule_check(rule, matter, evidence) == CRITERION_NONE)
			return rule;
	}
	return NULL;
}

/* The rules of the names stage that ask for lists, of the lists of the answer. */
static const struct rule *walk_lists(const struct policy *policy, struct matter *matter,
                                     struct evidence *evidence)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->stage == STAGE_NAMES && rule->lists_given &&
		    policy_rule_check(rule, matter, evidence) == CRITERION_NONE)
			return rule;
	}
	return NULL;
}

static void take(struct verdict *verdict, const struct rule *rule, enum stage stage,
                 const struct evidence *evidence)
{
	if (!rule || (verdict->rule && rule->action != ACTION_SINKHOLE))
		return;
	*verdict = (struct verdict){.action = (uint8_t)rule->action,
	                            .stage = (uint8_t)stage,
	                            .rule = rule->number,
	                            .match = evidence->match,
	                            .list = evidence->list,
	                            .index = evidence->index,
	                            .pattern = evidence->pattern};
}

static void decide_plainly(const struct policy *policy, struct regex_scratch *scratch,
                           const struct query *query, struct verdict *verdict)
{
	struct matter matter;
	struct evidence evidence;
	*verdict = (struct verdict){.action = ACTION_ALLOW};
	matter_init(&matter, &query->question, NULL, scratch);
	const struct rule *rule = walk(policy, &matter, false, STAGE_NAMES, &evidence);
	take(verdict, rule, STAGE_NAMES, &evidence);
	if (rule && rule->action != ACTION_FLAG)
		return;
	for (size_t i = 0; i < query->answer.hop_count; i++) {
		struct policy_question question = query->question;
		question.name = &query->hops[i];
		question.lists = &query->hop_lists[i];
		matter_init(&matter, &question, NULL, scratch);
		rule = walk(policy, &matter, true, STAGE_NAMES, &evidence);
		if (!rule || rule->action == ACTION_ALLOW)
			continue;
		evidence.match = MATCH_CNAME_LIST;
		evidence.index = (uint16_t)i;
		take(verdict, rule, STAGE_ANSWERS, &evidence);
		if (rule->action == ACTION_SINKHOLE)
			return;
	}
	struct policy_question question = query->question;
	struct list_set wide = query->lists;
	if (query->answer.lists) {
		question.lists = query->answer.lists;
		matter_init(&matter, &question, NULL, scratch);
		rule = walk_lists(policy, &matter, &evidence);
		evidence.match = MATCH_ANSWER_LIST;
		take(verdict, rule, STAGE_ANSWERS, &evidence);
		if (rule && rule->action != ACTION_FLAG)
			return;
		for (size_t i = 0; i < PF_COUNT(wide.words); i++)
			wide.words[i] |= query->answer.lists->words[i];
		question.lists = &wide;
	}
	matter_init(&matter, &question, &query->answer, scratch);
	rule = walk(policy, &matter, false, STAGE_ANSWERS, &evidence);
	if (rule && evidence.match == MATCH_LIST && !list_set_has(&query->lists, evidence.list))
		evidence.match = MATCH_ANSWER_LIST;
	take(verdict, rule, STAGE_ANSWERS, &evidence);
}

/* ---- comparing --------------------------------------------------------------------------- */

struct tally {
	size_t decided[3], cnames, indexed, learned, whole, shadowed, left_away;
};

static struct verdict decide_by(const struct policy *policy, struct policy_scratch *scratch,
                                const struct query *query, const struct policy_answer *answer)
{
	struct verdict verdict;
	if (!policy_decide_names(policy, scratch, &query->question, &verdict))
		policy_decide_answers(policy, scratch, &query->question, answer, &verdict);
	return verdict;
}

static void compare(const struct policy *policy, struct policy_scratch *scratch,
                    const struct query *query, const bool *shadowed, struct tally *tally)
{
	struct verdict plain, verdict;
	struct policy_answer answer = query->answer;
	atomic_uint_least64_t kept = 0;
	tag_set tags = query->question.tags;
	decide_plainly(policy, scratch_of(scratch), query, &plain);
	verdict = decide_by(policy, scratch, query, &answer);
	/* The same when it is noted what can hold, and when that is used. */
	answer.kept = &kept;
	answer.policy_number = 7;
	for (int i = 0; i < 2; i++) {
		struct verdict again = decide_by(policy, scratch, query, &answer);
		assert_true(same_verdict(&again, &verdict));
	}
	if (verdict.rule != plain.rule || verdict.action != plain.action ||
	    verdict.stage != plain.stage || verdict.match != plain.match ||
	    verdict.list != plain.list || verdict.index != plain.index ||
	    verdict.pattern != plain.pattern)
		fail_msg("rule %u, action %u, match %u should be rule %u, action %u, match %u",
		         verdict.rule, verdict.action, verdict.match, plain.rule, plain.action,
		         plain.match);
	if (verdict.rule && shadowed[verdict.rule - 1])
		fail_msg("rule %u decides, although another shadows it", verdict.rule);
	const struct program *program = policy_program(policy, scratch, tags);
	/* Who is told that nothing is asked may leave it away. */
	bool needs = policy_needs_answer(policy, scratch, tags, answer.hop_count, NULL, 7);
	bool needs_more = policy_needs_answer(policy, scratch, tags, answer.hop_count, &kept, 7);
	assert_true(needs || !needs_more);
	tally->left_away += needs && !needs_more;
	if (!needs_more)
		assert_true(verdict.stage != STAGE_ANSWERS || verdict.match == MATCH_ANSWER_LIST);
	if (!policy_needs_lists(policy, scratch, tags))
		assert_true(verdict.match != MATCH_LIST && verdict.match != MATCH_CNAME_LIST &&
		            verdict.match != MATCH_ANSWER_LIST);
	if (!policy_follows(policy, scratch, tags))
		assert_int_not_equal(verdict.match, MATCH_CNAME_LIST);
	tally->decided[verdict.action] += verdict.rule != 0;
	tally->cnames += verdict.match == MATCH_CNAME_LIST && verdict.rule;
	tally->indexed += program->names.dispatch != NULL;
	tally->whole += program == policy->whole;
}

static void run(bool with_scratch, struct tally *tally)
{
	static struct yaml yaml;
	struct query query;
	query.facts = calloc(1, sizeof *query.facts + ADDRESSES * sizeof query.facts->addresses[0]);
	assert_non_null(query.facts);
	for (int round = 0; round < ROUNDS; round++) {
		struct config *config;
		struct policy *policy;
		struct diag diag;
		diag_init(&diag);
		draw(&yaml);
		int error = config_parse("lot.yaml", yaml.text, yaml.length, &diag, &config);
		for (size_t i = 0; i < diag.count && error != PF_OK; i++)
			print_message("%u: %s\n", diag.entries[i].line, diag.entries[i].text);
		assert_int_equal(error, PF_OK);
		assert_int_equal(policy_compile(config, &diag, &policy), PF_OK);
		struct policy_scratch *scratch = policy_scratch_new(policy);
		bool shadowed[CONFIG_RULES_MAX] = {false};
		for (size_t i = 0; i < config->rule_count; i++)
			for (size_t k = 0; k < i && !shadowed[i]; k++)
				tally->shadowed += shadowed[i] =
					policy_shadows(&config->rules[k], &config->rules[i]);
		if (!with_scratch) /* no room for sets of tags that come up since */
			scratch->learned.max = 0;
		for (int i = 0; i < QUERIES; i++) {
			draw_query(&query);
			compare(policy, scratch, &query, shadowed, tally);
		}
		tally->learned += scratch->learned.count;
		policy_scratch_free(&scratch);
		policy_free(&policy);
		config_free(&config);
		diag_deinit(&diag);
	}
	free(query.facts);
}

static void test_against_plain_walk(void **state)
{
	struct tally tally = {0};
	(void)state;
	lot_state = 20261125;
	run(true, &tally);
	assert_true(tally.shadowed > 100);
	print_message("%zu shadowed; ", tally.shadowed);
	print_message("%zu allowed, %zu flagged, %zu sinkholed, %zu by a CNAME; %zu by an index, %zu "
	              "programs learned\n",
	              tally.decided[0], tally.decided[1], tally.decided[2], tally.cnames, tally.indexed,
	              tally.learned);
	for (int i = 0; i < 3; i++)
		assert_true(tally.decided[i] > 500);
	assert_true(tally.cnames > 50);
	assert_true(tally.indexed > 1000);
	assert_true(tally.learned > 100);
	assert_true(tally.left_away > 100);
}

static void test_without_room(void **state)
{
	struct tally tally = {0};
	(void)state;
	lot_state = 4242;
	run(false, &tally);
	assert_int_equal(tally.learned, 0);
	assert_true(tally.whole > 1000);
}

/* A thread compiles what it can hold, each set once, and is right beyond that too. */
static void test_many_sets(void **state)
{
	struct fixture fixture;
	(void)state;
	static char rules[60 * 60], *at = rules;
	char head[4000] = "devices:\n  - {name: d, ip: 192.0.2.1, tags: [";
	for (unsigned i = 0; i < 60; i++) {
		at += sprintf(at, "  - {name: r%u, tags: t%u, action: flag}\n", i, i);
		sprintf(head + strlen(head), "%st%u", i ? ", " : "", i);
	}
	char *text = malloc(sizeof rules + sizeof head + 20);
	assert_non_null(text);
	int length = sprintf(text, "%s]}\nrules:\n%s", head, rules);
	memset(&fixture, 0, sizeof fixture);
	diag_init(&fixture.diag);
	assert_int_equal(config_parse("t.yaml", text, (size_t)length, &fixture.diag, &fixture.config),
	                 PF_OK);
	assert_int_equal(policy_compile(fixture.config, &fixture.diag, &fixture.policy), PF_OK);
	fixture.scratch = policy_scratch_new(fixture.policy);
	struct dns_name name;
	struct list_set none = {{0}};
	assert_int_equal(dns_name_from_text("x.example", &name), PF_OK);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 59; i++) {
			for (unsigned j = i; j < 60; j += 7) {
				struct verdict verdict;
				tag_set tags = tag_bit(TAG_ALL) | tag_bit(TAG_BUILTIN_COUNT + i) |
				               tag_bit(TAG_BUILTIN_COUNT + j);
				struct policy_question question = {tags, &name, 1, &none, 0, false};
				(void)policy_decide_names(fixture.policy, fixture.scratch, &question, &verdict);
				assert_int_equal(verdict.rule, i + 1);
			}
		}
	}
	assert_int_equal(fixture.scratch->learned.count, PROGRAMS_LEARNED_MAX);
	free(text);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_plain_walk),
		cmocka_unit_test(test_without_room),
		cmocka_unit_test(test_many_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
