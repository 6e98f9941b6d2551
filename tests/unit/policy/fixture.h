/* Policies from rules as people write them, questions and answers from short texts, verdicts back as text. */
#ifndef PF_TEST_POLICY_FIXTURE_H
#define PF_TEST_POLICY_FIXTURE_H

#include "policy/policy.h"

#define FIXTURE_HOP_MAX 4
#define FIXTURE_TEXT_MAX 300

struct fixture {
	struct config *config;
	struct diag diag;
	struct policy *policy;
	struct policy_scratch *scratch;
};

/* A query and its answer, in words. */
struct ask {
	const char *tags; /* "coffee camera"; all is always there */
	const char *name;
	const char *type;  /* NULL: A */
	const char *lists; /* "tv xiaomi" */
	int64_t wall_s;
	bool paused;
	const char *
		facts; /* NULL: no answer yet. "overseas high, 203.0.113.7 overseas CN CN 37963, …": standing
	                      and confidence, then address, standing, location, control and ASN of each; - is unknown */
	const char *hops;         /* "a.example b.example" */
	const char *hop_lists;    /* of each hop: "tv -", "- tv,xiaomi"; NULL: nobody looked */
	const char *answer_lists; /* that hold something of the answer */
};

/* Parses and compiles; the lines of `rules` are those below `rules:`. Returns what policy_compile says. */
int fixture_compile(struct fixture *fixture, const char *rules);
/* The same, and it must be right. */
void fixture_init(struct fixture *fixture, const char *rules);
void fixture_deinit(struct fixture *fixture);

/* Both stages as the pipeline runs them: "sinkhole by 3 in answers: address 0". */
void fixture_decide(const struct fixture *fixture, const struct ask *ask,
                    char text[FIXTURE_TEXT_MAX], struct verdict *verdict);

/* A step for each rule; the caller frees. */
struct policy_step *fixture_explain(const struct fixture *fixture, const struct ask *ask);

/* Asks row by row, and says which one has another verdict than it should. */
struct row {
	struct ask ask;
	const char *verdict;
};
void fixture_check_rows(const char *rules, const struct row *rows, size_t count);
#define CHECK(rules, rows) fixture_check_rows(rules, rows, PF_COUNT(rows))
#define NOTHING "allow by 0 in none"

static inline bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	return a->action == b->action && a->stage == b->stage && a->match == b->match &&
	       a->rule == b->rule && a->list == b->list && a->index == b->index &&
	       a->paused == b->paused && a->pattern == b->pattern && a->reply == b->reply;
}

#endif
