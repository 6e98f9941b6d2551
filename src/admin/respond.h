/* Private to admin/: answers over HTTP, as JSON or as a problem document (RFC 9457). */
#ifndef PF_ADMIN_RESPOND_H
#define PF_ADMIN_RESPOND_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "base/hash.h"

#define RESPOND_ERROR_MAX 500 /* of a sentence, as in struct admin_ops */

#define RESPOND_ETAG_MAX 20

/* Is the ETag among those of an If-None-Match (NULL: none)? (RFC 9110, 13.1.2) */
bool respond_has_etag(const char *known, const char *etag);

/* Queues a response with the headers that every answer has; `caching` NULL: no-store. MHD_NO without memory; the response
 * stays the caller's. */
enum MHD_Result respond_queue(struct MHD_Connection *connection, int http,
                              struct MHD_Response *response, const char *type, const char *caching);

/* A header that only this answer has; name NULL: none. */
struct respond_header {
	const char *name, *value;
};

/* All queue an answer; MHD_NO (the connection is closed) only without memory. `header` may be NULL. */

/* 200 with a text, of JSON when `type` is NULL; with an ETag, and 304 without the text for whoever has it already (If-None-Match).
 * Texts are made of strangers' names, hence the key. `on_sent(data)` is called when nobody needs the text any more, on failure
 * too. */
enum MHD_Result respond_text(struct MHD_Connection *connection, struct hash_key key,
                             const char *type, const char *text, size_t length,
                             void (*on_sent)(void *data), void *data);

/* 200 with a document; the reference is taken over. The second with an ETag, as above. */
enum MHD_Result respond_json(struct MHD_Connection *connection, json_t *document,
                             const struct respond_header *header);
enum MHD_Result respond_known_json(struct MHD_Connection *connection, struct hash_key key,
                                   json_t *document);

/* A problem: `http` is 400 or more. Members of `extra` (may be NULL, taken over) are added. */
enum MHD_Result respond_problem(struct MHD_Connection *connection, int http, const char *detail,
                                json_t *extra, const struct respond_header *header);

#endif
