/* Private to admin/: who is here, where addresses stand, countries, the live stream, health. */
#ifndef PF_ADMIN_ROUTES_MORE_H
#define PF_ADMIN_ROUTES_MORE_H

#include "admin/routes.h"

ROUTE_HANDLER(get_overview); /* routes.c; the countries are part of it */
ROUTE_HANDLER(get_devices);
ROUTE_HANDLER(get_geo);
ROUTE_HANDLER(get_health);
ROUTE_HANDLER(get_ready);
ROUTE_HANDLER(get_countries);
ROUTE_HANDLER(get_live);

#endif
