/* An HTTP client on a loop: libcurl's multi interface, and the upstreams asked directly for the addresses of hosts (resolve.h).
 * What to ask and what to do with the answer is for others to say: fetch/ for lists, post.h for events. */
#ifndef PF_HTTP_HTTP_H
#define PF_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct config;
struct http;
struct local;
struct uv_loop_s;

/* NULL without memory. */
struct http *http_new(struct uv_loop_s *loop);
/* Who is asked for addresses from now on: as for the names of any client, the owner's records, the groups of forward zones
 * and the default one. `local` is borrowed until the next call, from the same thread as all else. */
void http_configure(struct http *http, const struct config *config, const struct local *local);
/* All requests have been aborted; the loop closes the handles. */
void http_stop(struct http *http);
bool http_idle(const struct http *http); /* nothing waits for an upstream any more */
void http_free(struct http **http);

#endif
