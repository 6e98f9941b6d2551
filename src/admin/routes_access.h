/* Private to admin/: the calls with which people and programs come in: sessions, passwords, tokens. */
#ifndef PF_ADMIN_ROUTES_ACCESS_H
#define PF_ADMIN_ROUTES_ACCESS_H

#include "admin/routes.h"

/* Puts a sentence and an HTTP status into an answer. */
void routes_fail(struct routes_answer *answer, int http, const char *sentence);

#define ROUTE_HANDLER(name)                                                \
	void name(struct routes_context *context, const struct params *params, \
	          struct routes_answer *answer)
ROUTE_HANDLER(get_session);
ROUTE_HANDLER(post_login);
ROUTE_HANDLER(post_logout);
ROUTE_HANDLER(post_password);
ROUTE_HANDLER(get_tokens);
ROUTE_HANDLER(post_token);
ROUTE_HANDLER(post_revoke_token);

#endif
