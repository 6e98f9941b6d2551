/* Private to admin/: the calls with which people and programs come in: sessions, passwords, tokens. */
#ifndef PF_ADMIN_ROUTES_ACCESS_H
#define PF_ADMIN_ROUTES_ACCESS_H

#include "admin/routes.h"

ROUTE_HANDLER(get_session);
ROUTE_HANDLER(post_login);
ROUTE_HANDLER(post_logout);
ROUTE_HANDLER(post_password);
ROUTE_HANDLER(get_tokens);
ROUTE_HANDLER(post_token);
ROUTE_HANDLER(post_revoke_token);

#endif
