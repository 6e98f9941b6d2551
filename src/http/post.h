/* One POST on the loop. The host is resolved by the upstreams directly (resolve.h); no redirect is followed: where an event goes is
 * what its owner wrote, and nothing else. The answer's body is read away and forgotten. */
#ifndef PF_HTTP_POST_H
#define PF_HTTP_POST_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_BYTES_MAX (64u << 10) /* of headers and body; more is an error */

struct http;
struct http_post;

struct http_request {
	const char *url;     /* http or https */
	const char *ca_file; /* NULL: the system's authorities */
	const char *const *headers;
	size_t header_count;
	const char *body;
	size_t body_length;
	unsigned timeout_ms; /* of all of it */
};

struct http_result {
	const char *error; /* a sentence, when there was no answer; borrowed */
	unsigned status;   /* of the answer: 200 … */
};

typedef void (*http_posted)(void *data, const struct http_result *result);

/* `done` is called once, from the loop and never from within, unless it is aborted before; the post is gone afterwards. What
 * `request` points to is copied. NULL without memory. */
struct http_post *http_post_start(struct http *http, const struct http_request *request,
                                  http_posted done, void *data);
void http_post_abort(struct http_post **post);

#endif
