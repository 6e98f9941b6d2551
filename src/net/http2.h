/* Private to net/: DNS over HTTPS (RFC 8484) in HTTP/2, of one connection, without its socket: bytes of the client are given to
 * it, and it hands questions and bytes on. What a client may keep open or make us keep is bounded; one that resets
 * what it has asked, or floods with frames that cost it nothing, is told to go away. */
#ifndef PF_NET_HTTP2_H
#define PF_NET_HTTP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP2_STREAMS_MAX 100      /* requests of one connection at a time */
#define HTTP2_HEADERS_MAX 64       /* of one request; browsers send some twenty */
#define HTTP2_PATH_BYTES_MAX 8192  /* of the longest message that makes sense in a GET */
#define HTTP2_BODY_BYTES_MAX 65535 /* of one message */
#define HTTP2_BODIES_BYTES_MAX \
	(256 << 10) /* of all requests of a connection that are not whole yet */
#define HTTP2_RESETS_BURST \
	100 /* resets by the client, and so many more in a second (CVE-2023-44487) */
#define HTTP2_RESETS_RATE 10
#define HTTP2_CONTINUATIONS_MAX 8 /* frames that go on with one block of headers (CVE-2024-28182) */
#define HTTP2_ACKS_MAX 64         /* PING and SETTINGS whose answers the client does not take */

struct http2;
struct http2_request; /* one question; it lives until it is answered */

struct http2_user {
	/* A message was asked; `label` is of the path. http2_answer is due once, now or later. */
	void (*asked)(void *data, struct http2_request *request, const char *label,
	              const uint8_t *message, size_t length);
	/* Takes all of the bytes. */
	void (*send)(void *data, const uint8_t *bytes, size_t length);
};

/* NULL without memory. Nothing is sent yet: see http2_send. */
struct http2 *http2_new(const struct http2_user *user, void *data);
/* Nothing that was asked may be left without its http2_answer, unless nobody will give it. */
void http2_free(struct http2 **http2);

/* Takes all bytes. False: the connection is at its end, when what is there to send has been sent. */
bool http2_received(struct http2 *http2, const uint8_t *bytes, size_t length);
/* Sends what there is to send. */
bool http2_send(struct http2 *http2);

/* Whose it is: the data of http2_new. */
void *http2_owner(const struct http2_request *request);
/* Answers; the bytes are copied. Length 0: no answer is given. The request is gone afterwards. Nothing is sent yet. */
void http2_answer(struct http2_request *request, const uint8_t *bytes, size_t length,
                  uint32_t max_age_s);

#endif
