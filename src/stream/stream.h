/* One socket as a stream of bytes, plain or within TLS, accepted or connected by us. What has come and can not be used yet is kept, and given again with
 * more behind it; what can not be written at once is queued. Whoever is idle costs no buffer: what arrives stands in one
 * that all streams of a worker share, and only what is left of it is kept. */
#ifndef PF_STREAM_STREAM_H
#define PF_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/addr.h"
#include "base/error.h"
#include "tls/session.h"

#define STREAM_IN_BYTES 16384 /* that have come and are not used up; the rest waits in the kernel */

struct stream;

struct stream_user {
	/* Takes what it can of the bytes, all that are not used up, and returns how much that was. It is called again when more has come, and
	 * by stream_resume. It may close the stream. */
	size_t (*received)(struct stream *stream, const uint8_t *bytes, size_t length);
	/* The handshake is done: what is written from now on, and what comes, is sealed. Never called of a plain stream. */
	void (*secured)(struct stream *stream);
	/* The other side sends no more. */
	void (*ended)(struct stream *stream);
	/* Something that was queued has left. */
	void (*written)(struct stream *stream);
	/* Nothing more can be read or written: close it. */
	void (*failed)(struct stream *stream);
};

/* Where bytes stand that have just come; one for each worker. */
struct stream_room {
	uint8_t bytes[STREAM_IN_BYTES];
	uint8_t sealed[STREAM_IN_BYTES];
};

struct stream {
	uv_tcp_t handle;
	const struct stream_user *user;
	struct stream_room *room;
	void *data; /* the user's */
	bool reading, ended, closing;
	bool working; /* in `received`; stream_resume must not call it again */
	bool secure;  /* the handshake is done, or there is none */
	bool broken;  /* nothing can be written any more */
	size_t rest_length;
	uint8_t *rest;   /* owned; NULL: nothing is kept */
	uint8_t *sealed; /* owned; what TLS is fed from when it has come before there was room for it */
	struct tls_session *tls; /* owned; NULL: plain */
	uv_close_cb closed;
};

/* PF_EIO: it may not be used. Else it is to be closed. */
PF_MUST_CHECK int stream_init(struct stream *stream, uv_loop_t *loop, struct stream_room *room,
                              const struct stream_user *user, void *data);

/* Before anything is read: speaks TLS, with `application` inside. PF_ENOMEM. */
PF_MUST_CHECK int stream_secure(struct stream *stream, struct tls_server *server,
                                const char *application);

/* Our port of a connection; 0: there is none any more. */
uint16_t stream_port(const struct stream *stream);

/* Of a socket that is not connected yet: connects to `peer` and speaks TLS there, as tls_connect has it; `secured` follows, or
 * `failed`. PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int stream_connect(struct stream *stream, const struct addr_port *peer,
                                 const struct tls_peer *expected, const char *application);

/* Is to be read from, or what comes is to wait in the kernel. */
void stream_read(struct stream *stream, bool wanted);
/* There is room again: goes on with what is kept. Does nothing from within `received`. */
void stream_resume(struct stream *stream);

/* Sends both, one behind the other. May call `failed`. */
void stream_write(struct stream *stream, const uint8_t *head, size_t head_length,
                  const uint8_t *bytes, size_t length);
/* Bytes that the other side has not taken. */
size_t stream_queued(const struct stream *stream);

/* `closed` is called, with handle->data this stream, when its memory may go. */
void stream_close(struct stream *stream, uv_close_cb closed);

#endif
