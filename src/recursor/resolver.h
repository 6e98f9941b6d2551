/* libunbound on our loop: one question in, one message out. */
#ifndef PF_RECURSOR_RESOLVER_H
#define PF_RECURSOR_RESOLVER_H

#include "base/error.h"
#include "dns/query.h"

#define RESOLVER_PENDING_MAX \
	8192 /* questions at one time: all that the workers of a house may wait for */

struct resolver;
struct uv_loop_s;

/* `config` is a file in the form of unbound.conf(5). NULL with a sentence in `error`. The loop outlives it. */
struct resolver *resolver_new(struct uv_loop_s *loop, const char *config, char *error,
                              size_t error_size);

/* Borrowed for the length of the call; from the loop, or from within resolver_ask. */
typedef void (*resolver_done)(void *data, const uint8_t *reply, size_t length);

/* The reply to `query`, which is copied; `done` is called exactly once. PF_EFULL, PF_ENOMEM, PF_EINVAL (libunbound does not
 * take it): then `done` is not called. */
PF_MUST_CHECK int resolver_ask(struct resolver *resolver, const struct dns_query *query,
                               resolver_done done, void *data);

#endif
