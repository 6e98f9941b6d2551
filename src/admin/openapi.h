/* Private to admin/: what the API takes and gives, as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), made from
 * the table of routes, so that it names what is there and nothing else. */
#ifndef PF_ADMIN_OPENAPI_H
#define PF_ADMIN_OPENAPI_H

#include "admin/routes.h"

ROUTE_HANDLER(get_openapi);

#endif
