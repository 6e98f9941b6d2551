/* The patterns of one rule's `names` or `cname`, ready to match. */
#ifndef PF_POLICY_PATTERNS_H
#define PF_POLICY_PATTERNS_H

#include "base/diag.h"
#include "config/config.h"
#include "match/regex.h"

struct pattern {
	enum pattern_kind kind;
	char *text;           /* as written */
	struct dns_name name; /* of PATTERN_EXACT and PATTERN_BELOW */
};

struct patterns {
	size_t count; /* 0: the rule does not ask */
	struct pattern *list;
	struct regex_set *regexes;
};

/* A name that is asked about: its text is made once, and only when a regex wants it. */
struct subject {
	const struct dns_name *name;
	size_t length; /* of `text`; 0: not made yet */
	char text[NAME_TEXT_MAX];
};

/* Copies and compiles; frees what it made when it fails. PF_OK, PF_EINVAL (told), PF_ENOMEM. */
PF_MUST_CHECK int patterns_init(struct patterns *patterns, const struct config_pattern *from,
                                size_t count, const char *file, struct diag *diag);
void patterns_deinit(struct patterns *patterns);

void subject_init(struct subject *subject, const struct dns_name *name);

/* The text of the pattern that the name matches, written ones before regexes; NULL when there is none. */
const char *patterns_match(const struct patterns *patterns, struct regex_scratch *scratch,
                           struct subject *subject);

#endif
