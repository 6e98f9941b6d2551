/* An HTTP client on a loop: libcurl's multi interface, and the upstreams asked directly for the addresses of hosts (resolve.h).
 * What to ask and what to do with the answer is for others to say: fetch/ for lists, post.h for events. */
#ifndef PF_HTTP_HTTP_H
#define PF_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"

struct http;
struct uv_loop_s;

/* NULL without memory. */
struct http *http_new(struct uv_loop_s *loop);
/* The upstreams that are asked for addresses from now on. */
void http_configure(struct http *http, const struct addr_port *upstreams, size_t count);
/* All requests have been aborted; the loop closes the handles. */
void http_stop(struct http *http);
bool http_idle(const struct http *http); /* nothing waits for an upstream any more */
void http_free(struct http **http);

#endif
