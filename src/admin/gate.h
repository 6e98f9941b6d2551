/* Private to admin/: whether a request over the network may pass, and as whom. In this order: the Host must be one of ours (a name
 * that somebody else's DNS points at us is not), an Origin must be that Host, and a request that changes something must be JSON,
 * which no form and no foreign page can send without being asked about it; then a token or a session says who it is. */
#ifndef PF_ADMIN_GATE_H
#define PF_ADMIN_GATE_H

#include <microhttpd.h>

#include "admin/routes.h"

/* Is it "ADDRESS", "localhost" or one of `names`, with a port or without? */
bool gate_knows_host(const char *host, const char *const *names, size_t name_count);
/* Is the Origin "SCHEME://HOST"? */
bool gate_is_own_origin(const char *origin, const char *scheme, const char *host);

struct gate {
	const char *const *names; /* lower case; borrowed, like all here */
	size_t name_count;
	bool tls;
	struct access *access;
};

/* What the session's cookie is called. */
const char *gate_cookie_name(bool tls);

/* The first half: 0, or the HTTP status of a refusal with a sentence. */
int gate_check_origin(const struct gate *gate, struct MHD_Connection *connection, bool changes,
                      char error[500]);
/* The second half: fills in who it is, ACCESS_NOBODY without a good session or token. */
void gate_identify(const struct gate *gate, struct MHD_Connection *connection,
                   struct caller *caller);
/* 0, or 401 or 403 with a sentence. */
int gate_check_role(const struct gate *gate, const struct route *route, const struct caller *caller,
                    struct MHD_Connection *connection, char error[500]);

#endif
