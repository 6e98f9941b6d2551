/* Private to admin/: calls that change devices and rules. */
#ifndef PF_ADMIN_ROUTES_CHANGES_H
#define PF_ADMIN_ROUTES_CHANGES_H

#include "admin/routes.h"

ROUTE_HANDLER(post_tag);
ROUTE_HANDLER(post_untag);
ROUTE_HANDLER(post_name);
ROUTE_HANDLER(post_add_rule);
ROUTE_HANDLER(post_replace_rule);
ROUTE_HANDLER(post_move_rule);
ROUTE_HANDLER(post_remove_rule);
ROUTE_HANDLER(post_simulate);

#endif
