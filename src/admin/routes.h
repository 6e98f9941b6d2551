/* Private to admin/: what stands at which path. */
#ifndef PF_ADMIN_ROUTES_H
#define PF_ADMIN_ROUTES_H

#include "admin/admin.h"
#include "admin/rows.h"
#include "report/params.h"

struct routes_context {
	const char *journal_path; /* NULL: no journal is kept; borrowed */
	struct admin_ops ops;
	struct rows_budget budget;
};

/* What a handler has to say. With `http` under 400 one of `rows`, `text` and `body` is there; else a sentence in
 * `error`, and `body` may have members for the problem document. References are the caller's. */
struct routes_answer {
	int http; /* 200 at first */
	json_t *body;
	struct rows_answer *rows;
	struct buffer *text; /* of the media type `type`; on the heap */
	const char *type;
	char error[500];
};

struct route {
	const char *path;
	bool changes;              /* POST; else GET and HEAD */
	const char *const *params; /* that it takes, NULL-terminated */
	void (*handle)(struct routes_context *context, const struct params *params,
	               struct routes_answer *answer);
};

/* NULL: nothing is there. */
const struct route *route_find(const char *path);

#endif
