/* The recursor's one socket: questions over UDP on the loopback interface, from this machine's daemon. */
#ifndef PF_RECURSOR_SERVER_H
#define PF_RECURSOR_SERVER_H

#include "recursor/resolver.h"

struct server;

/* Serves the socket, which must be bound, and keeps it. NULL without memory. */
struct server *server_new(struct uv_loop_s *loop, int fd, struct resolver *resolver);

#endif
