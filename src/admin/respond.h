/* Private to admin/: answers over HTTP, as JSON or as a problem document (RFC 9457). */
#ifndef PF_ADMIN_RESPOND_H
#define PF_ADMIN_RESPOND_H

#include <jansson.h>
#include <microhttpd.h>

#define RESPOND_ERROR_MAX 500 /* of a sentence, as in struct admin_ops */

/* All queue an answer; MHD_NO (the connection is closed) only without memory. */

/* 200 with a text, of JSON when `type` is NULL. `on_sent(data)` is called when nobody needs the text any more, on failure too. */
enum MHD_Result respond_text(struct MHD_Connection *connection, const char *type, const char *text,
                             size_t length, void (*on_sent)(void *data), void *data);

/* 200 with a document; the reference is taken over. */
enum MHD_Result respond_json(struct MHD_Connection *connection, json_t *document);

/* A problem: `http` is 400 or more. Members of `extra` (may be NULL, taken over) are added. `allow` (may be NULL) lists
 * the methods that are allowed. */
enum MHD_Result respond_problem(struct MHD_Connection *connection, int http, const char *detail,
                                json_t *extra, const char *allow);

#endif
