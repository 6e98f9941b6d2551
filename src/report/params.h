/* The parameters of a question to the journal, from a request or a command line, checked strictly: an unknown one, one given twice or a
 * wrong value is an answer of 400 that names it. */
#ifndef PF_REPORT_PARAMS_H
#define PF_REPORT_PARAMS_H

#include <stdbool.h>

#include "base/clock.h"
#include "journal/store.h"

#define PARAM_MAX 24
#define PARAM_LIMIT_DEFAULT 1000
#define PARAM_LIMIT_MAX 100000

struct params {
	size_t count;
	struct param {
		const char *name, *value; /* borrowed from the request */
	} list[PARAM_MAX];
	bool too_many;
	const char *body; /* of a POST; borrowed, not NUL-terminated; NULL: none */
	size_t body_length;
};

/* The value of a parameter, or NULL. */
const char *params_get(const struct params *params, const char *name);

/* PF_OK when all names are among `allowed` (NULL-terminated) and none stands twice; else PF_EINVAL with a sentence. */
PF_MUST_CHECK int params_check(const struct params *params, const char *const *allowed,
                               char error[500]);

/* Fills a filter; strings are borrowed. `now` is what durations count back from. PF_EINVAL with a sentence. */
PF_MUST_CHECK int params_filter(const struct params *params, struct now now,
                                struct store_filter *filter, char error[500]);

#endif
