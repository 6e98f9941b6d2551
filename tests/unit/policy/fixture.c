/* The fixture of fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "unit/policy/fixture.h"

#define ADDRESS_MAX 8

/* The parts of a query, made from an ask. */
struct parts {
	struct dns_name name;
	struct list_set lists;
	struct answer_facts *facts;
	struct dns_name hops[FIXTURE_HOP_MAX];
	struct list_set hop_lists[FIXTURE_HOP_MAX];
	struct policy_question question;
	struct policy_answer answer;
	struct list_set answer_lists;
};

static const char head[] = "home: [US]\n"
						   "devices:\n"
						   "  - {name: d, ip: 192.0.2.1, tags: [coffee, camera, tv-set]}\n"
						   "lists:\n"
						   "  - {name: tv, file: " TESTS_DIR "/unit/policy/data/tv.txt}\n"
						   "  - {name: xiaomi, file: " TESTS_DIR "/unit/policy/data/tv.txt}\n"
						   "  - {name: other, file: " TESTS_DIR "/unit/policy/data/tv.txt}\n"
						   "rules:\n";

int fixture_compile(struct fixture *fixture, const char *rules)
{
	char *text = malloc(sizeof head + strlen(rules));
	assert_non_null(text);
	sprintf(text, "%s%s", head, rules);
	memset(fixture, 0, sizeof *fixture);
	diag_init(&fixture->diag);
	int error = config_parse("test.yaml", text, strlen(text), &fixture->diag, &fixture->config);
	for (size_t i = 0; error != PF_OK && i < fixture->diag.count; i++)
		print_message("%u: %s\n", fixture->diag.entries[i].line, fixture->diag.entries[i].text);
	assert_int_equal(error, PF_OK);
	free(text);
	return policy_compile(fixture->config, &fixture->diag, &fixture->policy);
}

void fixture_init(struct fixture *fixture, const char *rules)
{
	assert_int_equal(fixture_compile(fixture, rules), PF_OK);
	assert_int_equal(fixture->diag.errors, 0);
	fixture->scratch = policy_scratch_new(fixture->policy);
	assert_non_null(fixture->scratch);
	config_free(&fixture->config); /* the policy must not need it any more */
}

void fixture_deinit(struct fixture *fixture)
{
	policy_scratch_free(&fixture->scratch);
	policy_free(&fixture->policy);
	assert_null(fixture->policy);
	config_free(&fixture->config);
	diag_deinit(&fixture->diag);
}

static tag_set read_tags(const struct policy *policy, const char *text)
{
	tag_set tags = tag_bit(TAG_ALL);
	char copy[100], *rest = copy;
	snprintf(copy, sizeof copy, "%s", text ? text : "");
	for (char *word; (word = strtok_r(rest, " ", &rest));) {
		size_t tag = 0;
		while (strcmp(policy_tag_name(policy, tag), word))
			assert_true(++tag < TAG_MAX);
		tags |= tag_bit(tag);
	}
	return tags;
}

static void read_lists(const char *text, struct list_set *set)
{
	static const char *const lists[] = {"tv", "xiaomi", "other"};
	memset(set, 0, sizeof *set);
	for (size_t i = 0; text && i < 3; i++)
		if (strstr(text, lists[i]))
			list_set_add(set, i);
}

static struct country read_country(const char *word)
{
	struct country country = {""};
	if (strcmp(word, "-") != 0)
		memcpy(country.code, word, 2);
	return country;
}

static int read_standing(const char *word)
{
	return strcmp(word, "none") ? standing_parse(word) : STANDING_NONE;
}

static void read_address(struct answer_facts *facts, const char *text)
{
	char address[ADDR_TEXT_MAX], standing[20], location[3], control[3];
	unsigned asn;
	struct address_facts *out = &facts->addresses[facts->address_count++];
	assert_true(facts->address_count <= ADDRESS_MAX);
	assert_int_equal(sscanf(text, "%45s %19s %2s %2s %u", address, standing, location, control,
	                        &asn),
	                 5);
	assert_int_equal(addr_parse(address, &out->address), PF_OK);
	out->special = !strcmp(standing, "special");
	assert_true(out->special || standing_parse(standing) > 0);
	out->standing = (uint8_t)(out->special ? (int)STANDING_UNKNOWN : standing_parse(standing));
	out->location = read_country(location);
	out->control = read_country(control);
	out->asn = asn;
	out->confidence = facts->confidence;
	facts->overseas_count += out->standing == STANDING_OVERSEAS;
}

static struct answer_facts *read_facts(const char *text)
{
	struct answer_facts *facts =
		calloc(1, sizeof *facts + ADDRESS_MAX * sizeof(struct address_facts));
	char copy[400], standing[20], confidence[20], *rest = copy;
	assert_non_null(facts);
	snprintf(copy, sizeof copy, "%s", text);
	char *piece = strtok_r(rest, ",", &rest);
	assert_int_equal(sscanf(piece, "%19s %19s", standing, confidence), 2);
	assert_true(read_standing(standing) >= 0);
	facts->standing = (uint8_t)read_standing(standing);
	facts->confidence = strcmp(confidence, "none") ? (uint8_t)confidence_parse(confidence) : 0;
	while ((piece = strtok_r(rest, ",", &rest)))
		read_address(facts, piece);
	return facts;
}

static void parts_init(struct parts *parts, const struct fixture *fixture, const struct ask *ask)
{
	memset(parts, 0, sizeof *parts);
	assert_int_equal(dns_name_from_text(ask->name, &parts->name), PF_OK);
	read_lists(ask->lists, &parts->lists);
	parts->question = (struct policy_question){read_tags(fixture->policy, ask->tags),
	                                           &parts->name,
	                                           DNS_TYPE_A,
	                                           &parts->lists,
	                                           ask->wall_s * 1000000,
	                                           ask->paused};
	if (ask->type)
		parts->question.type = (uint16_t)dns_type_from_text(ask->type);
	if (!ask->facts)
		return;
	parts->facts = read_facts(ask->facts);
	parts->answer = (struct policy_answer){.facts = parts->facts,
	                                       .hops = parts->hops,
	                                       .hop_lists = ask->hop_lists ? parts->hop_lists : NULL};
	read_lists(ask->answer_lists, &parts->answer_lists);
	if (ask->answer_lists)
		parts->answer.lists = &parts->answer_lists;
	char copy[200], *rest = copy;
	snprintf(copy, sizeof copy, "%s", ask->hops ? ask->hops : "");
	for (char *word; (word = strtok_r(rest, " ", &rest));)
		assert_int_equal(dns_name_from_text(word, &parts->hops[parts->answer.hop_count++]), PF_OK);
	snprintf(rest = copy, sizeof copy, "%s", ask->hop_lists ? ask->hop_lists : "");
	size_t hop = 0;
	for (char *word; (word = strtok_r(rest, " ", &rest)); hop++)
		read_lists(word, &parts->hop_lists[hop]);
	assert_true(!ask->hop_lists || hop == parts->answer.hop_count);
}

static void describe(const struct verdict *verdict, char text[FIXTURE_TEXT_MAX])
{
	static const char *const stages[] = {"none", "names", "answers"};
	int used = snprintf(text, FIXTURE_TEXT_MAX, "%s by %u in %s", action_word(verdict->action),
	                    verdict->rule, stages[verdict->stage]);
	char *at = text + used;
	size_t room = FIXTURE_TEXT_MAX - (size_t)used;
	if (!verdict->rule)
		return;
	if (verdict->paused) {
		used = snprintf(at, room, ", paused %u", verdict->paused);
		at += used;
		room -= (size_t)used;
	}
	switch ((enum match_kind)verdict->match) {
	case MATCH_ALWAYS: snprintf(at, room, ": always"); break;
	case MATCH_NAME: snprintf(at, room, ": name %s", verdict->pattern); break;
	case MATCH_LIST: snprintf(at, room, ": list %u", verdict->list); break;
	case MATCH_CNAME_LIST:
		snprintf(at, room, ": cname %u list %u", verdict->index, verdict->list);
		break;
	case MATCH_ANSWER_LIST: snprintf(at, room, ": answer list %u", verdict->list); break;
	case MATCH_CNAME: snprintf(at, room, ": cname %u %s", verdict->index, verdict->pattern); break;
	case MATCH_ADDRESS: snprintf(at, room, ": address %u", verdict->index); break;
	case MATCH_ANSWER: snprintf(at, room, ": answer"); break;
	}
}

/* What explain says must be what was decided. */
static void check_explained(const struct fixture *fixture, const struct parts *parts,
                            const struct verdict *verdict)
{
	size_t count = policy_rule_count(fixture->policy), matches = 0;
	struct policy_step *steps = calloc(count + 1, sizeof *steps);
	policy_explain(fixture->policy, fixture->scratch, &parts->question,
	               parts->facts ? &parts->answer : NULL, steps);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(steps[i].rule, i + 1);
		assert_true(strlen(steps[i].why) > 0);
		assert_true(strlen(steps[i].why) < sizeof steps[i].why);
		if (steps[i].result != STEP_MATCHES)
			continue;
		matches++;
		assert_int_equal(steps[i].rule, verdict->rule);
		assert_int_equal(steps[i].stage, verdict->stage);
	}
	assert_int_equal(matches, verdict->rule ? 1 : 0);
	assert_int_equal(steps[count].rule, 0); /* nothing was written behind the rules */
	free(steps);
}

/* The answers stage: nothing is kept of the answer, then it is, then that is used, and it counts for no other policy. All say the same. */
static void decide_answers(const struct fixture *fixture, const struct parts *parts,
                           struct verdict *verdict)
{
	atomic_uint_least64_t kept = 0;
	struct policy_answer answer = parts->answer;
	struct verdict before = *verdict, again;
	policy_decide_answers(fixture->policy, fixture->scratch, &parts->question, &answer, verdict);
	answer.kept = &kept;
	for (uint32_t round = 0; round < 3; round++) {
		answer.policy_number = 1 + round / 2;
		again = before;
		policy_decide_answers(fixture->policy, fixture->scratch, &parts->question, &answer, &again);
		assert_true(same_verdict(&again, verdict));
		kept |= round ? UINT32_MAX : 0; /* as another policy might have left it */
	}
}

void fixture_decide(const struct fixture *fixture, const struct ask *ask,
                    char text[FIXTURE_TEXT_MAX], struct verdict *verdict)
{
	struct parts parts;
	struct verdict local;
	verdict = verdict ? verdict : &local;
	memset(verdict, 0xff, sizeof *verdict);
	parts_init(&parts, fixture, ask);
	bool ended = policy_decide_names(fixture->policy, fixture->scratch, &parts.question, verdict);
	bool decides = verdict->rule && verdict->action != ACTION_FLAG;
	assert_int_equal(ended, decides);
	if (parts.facts) {
		if (!ended || verdict->action == ACTION_ALLOW) /* an allowed one may be asked: it stays */
			decide_answers(fixture, &parts, verdict);
	}
	assert_int_equal(verdict->reply != NULL, verdict->action == ACTION_SINKHOLE);
	describe(verdict, text);
	check_explained(fixture, &parts, verdict);
	free(parts.facts);
}

struct policy_step *fixture_explain(const struct fixture *fixture, const struct ask *ask)
{
	struct parts parts;
	struct policy_step *steps = calloc(policy_rule_count(fixture->policy), sizeof *steps);
	parts_init(&parts, fixture, ask);
	policy_explain(fixture->policy, fixture->scratch, &parts.question,
	               parts.facts ? &parts.answer : NULL, steps);
	free(parts.facts);
	return steps;
}

void fixture_check_rows(const char *rules, const struct row *rows, size_t count)
{
	struct fixture fixture;
	fixture_init(&fixture, rules);
	for (size_t i = 0; i < count; i++) {
		char text[FIXTURE_TEXT_MAX];
		fixture_decide(&fixture, &rows[i].ask, text, NULL);
		if (strcmp(text, rows[i].verdict))
			fail_msg("row %zu (%s, %s, %s): \"%s\" should be \"%s\"", i, rows[i].ask.tags,
			         rows[i].ask.name, rows[i].ask.facts ? rows[i].ask.facts : "no answer", text,
			         rows[i].verdict);
	}
	fixture_deinit(&fixture);
}
