/* A client that can say anything, also what no client should. */
#ifndef HTTP_H
#define HTTP_H

#include <jansson.h>
#include <stddef.h>

struct http_answer {
	int status;       /* 0: the server hung up without an answer */
	char *text;       /* the whole answer, headers first; owned */
	const char *body; /* in text */
	json_t *json;     /* of the body, or NULL; owned */
};

/* A connection to the socket. */
int http_connect(const char *path);

/* Sends bytes and reads until the server hangs up. */
struct http_answer http_raw(const char *path, const char *bytes, size_t length);

/* One request with "Connection: close". `headers` (may be NULL) ends each line with \r\n. */
struct http_answer http_ask(const char *path, const char *method, const char *target,
                            const char *headers, const char *body);
#define http_get(path, target) http_ask(path, "GET", target, NULL, NULL)

/* The value of a header, in a static buffer; NULL: not there. */
const char *http_header(const struct http_answer *answer, const char *name);
void http_free(struct http_answer *answer);

#endif
