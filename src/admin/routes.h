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
	char token[ACCESS_SECRET_TEXT_MAX];   /* "": came without a good one */
	int64_t expires_wall_us;              /* of the session */
	struct addr addr;                     /* not of a local one */
	const char *accept;                   /* which media types it takes; NULL: not said */
	const char *last_event; /* the last one that it has seen of a stream; NULL: none */
};

#define ROUTES_NO_JOURNAL "No journal is kept (`journal: off`, or its `path: off`)."

struct routes_context {
	const char *journal_path; /* NULL: no journal is kept; borrowed */
	struct admin_ops ops;
	struct rows_budget budget;
	struct hash_key etag_key;
	struct access *access;   /* NULL: none is kept */
	struct admin_live *live; /* NULL: no streams */
};

/* What a handler has to say. With `http` under 400 one of `live`, `rows`, `text` and `body` is there; else a sentence in
 * `error`, and `body` may have members for the problem document. References are the caller's. */
struct routes_answer {
	const struct caller *caller; /* borrowed */
	int http;                    /* 200 at first */
	json_t *body;
	struct live_reader *live;
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

/* Puts a sentence and an HTTP status into an answer. */
void routes_fail(struct routes_answer *answer, int http, const char *sentence);

/* The journal, for one request; NULL: the answer says why not. */
struct store *routes_open_store(struct routes_context *context, struct routes_answer *answer);

/* Reads the parameters, and of a tag makes the list of its devices (tagged_deinit in any case). False: the answer says why
 * not. */
struct tagged;
bool routes_read_filter(struct routes_context *context, const struct params *params,
                        struct store_filter *filter, struct tagged *tagged,
                        struct routes_answer *answer);

#define ROUTE_HANDLER(name)                                                \
	void name(struct routes_context *context, const struct params *params, \
	          struct routes_answer *answer)

/* NULL: nothing is there. */
const struct route *route_find(const char *path);
/* By its number, from 0; NULL behind the last. */
const struct route *route_at(size_t number);

#endif
