/* Private to admin/: one listening socket and its thread (libmicrohttpd), from a connection to the answer of a route. What may
 * block runs on threads of admin/jobs.h, while the connection is suspended. */
#ifndef PF_ADMIN_SERVER_H
#define PF_ADMIN_SERVER_H

#include "admin/gate.h"
#include "admin/jobs.h"
#include "admin/routes.h"

struct server_options {
	int fd;           /* of the listening socket; the server's from now on, also when it fails */
	bool local;       /* the control socket: nobody is asked who he is, and no dashboard */
	struct gate gate; /* of the others; copied */
	const char *certificate, *key; /* PEM; NULL: plain HTTP */
	unsigned connections_max;
	unsigned connections_of_one_max; /* from one address; 0: as many as there may be */
	struct routes_context *context;
	struct jobs *jobs;
};

struct server;
/* NULL, with errno. */
struct server *server_start(const struct server_options *options);
/* New connections get this certificate, and those that are there go on with the old one. PF_EINVAL: certificate and key are not good;
 * PF_EFULL: connections of too many earlier ones are still there; PF_EIO. All as it was then. The thread that starts and stops it. */
PF_MUST_CHECK int server_renew(struct server *server, const char *certificate, const char *key);
/* Takes no new connections; what runs goes on. */
void server_quiesce(struct server *server);
/* Nothing may run on its jobs any more. */
void server_stop(struct server **server);

#endif
