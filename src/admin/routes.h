/* Private to admin/: what stands at which path. */
#ifndef PF_ADMIN_ROUTES_H
#define PF_ADMIN_ROUTES_H

#include "access/access.h"
#include "admin/admin.h"
#include "admin/respond.h"
#include "admin/rows.h"
#include "report/params.h"

/* Who asks. */
struct caller {
	bool local; /* over the control socket, whose file permissions are the key: an admin */
	bool tls;
	enum access_role role;
	char session[ACCESS_SECRET_TEXT_MAX]; /* "": came without one, or with a token */
	int64_t expires_wall_us;              /* of the session */
	struct addr addr;                     /* not of a local one */
};

struct routes_context {
	const char *journal_path; /* NULL: no journal is kept; borrowed */
	struct admin_ops ops;
	struct rows_budget budget;
	struct access *access;
};

/* What a handler has to say. With `http` under 400 one of `rows`, `text` and `body` is there; else a sentence in
 * `error`, and `body` may have members for the problem document. References are the caller's. */
struct routes_answer {
	const struct caller *caller; /* borrowed */
	int http;                    /* 200 at first */
	json_t *body;
	struct rows_answer *rows;
	struct buffer *text; /* of the media type `type`; on the heap */
	const char *type;
	const char *header; /* one more header of the answer; NULL: none */
	char header_value[200];
	char error[500];
};

/* How a route is asked. */
#define ROUTE_CHANGES 1  /* POST, for an admin; else GET and HEAD, for a viewer */
#define ROUTE_FOR_ALL 2  /* also for whoever has not logged in */
#define ROUTE_OWN_BODY 4 /* its body is more than parameters: params->body */

struct route {
	const char *path;
	unsigned flags;
	/* That it takes, NULL-terminated: in the query string or, of a POST, as members of a JSON object. */
	const char *const *params;
	void (*handle)(struct routes_context *context, const struct params *params,
	               struct routes_answer *answer);
};

/* NULL: nothing is there. */
const struct route *route_find(const char *path);

#endif
