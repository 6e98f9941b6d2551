/* Private to admin/: what stands at which path. */
#ifndef PF_ADMIN_ROUTES_H
#define PF_ADMIN_ROUTES_H

#include "admin/admin.h"
#include "report/params.h"

struct routes_context {
	const char *journal_path; /* NULL: no journal is kept; borrowed */
	struct admin_ops ops;
};

struct route {
	const char *path;
	bool changes;              /* POST; else GET and HEAD */
	const char *const *params; /* that it takes, NULL-terminated */
	/* A new reference; or with *http >= 400 a sentence in `error` and NULL or members for the problem document. */
	json_t *(*handle)(struct routes_context *context, const struct params *params, int *http,
	                  char error[500]);
};

/* NULL: nothing is there. */
const struct route *route_find(const char *path);

#endif
