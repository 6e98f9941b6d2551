/* Private to admin/: calls for dashboards and for those who watch the daemon: countries, the live stream, health. */
#ifndef PF_ADMIN_ROUTES_MORE_H
#define PF_ADMIN_ROUTES_MORE_H

#include "admin/routes.h"

ROUTE_HANDLER(get_overview); /* routes.c; the countries are part of it */
ROUTE_HANDLER(get_health);
ROUTE_HANDLER(get_ready);
ROUTE_HANDLER(get_countries);
ROUTE_HANDLER(get_live);

#endif
