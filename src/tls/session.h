/* One TLS connection without its socket: sealed bytes are fed to it and handed on by it, plain ones are read and written. It
 * never waits and knows no clock. TLS 1.2 and 1.3, with ciphers that authenticate and keys that are forgotten. */
#ifndef PF_TLS_SESSION_H
#define PF_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/error.h"
#include "tls/trust.h"
#include "value/device.h"

#define TLS_NAME_MAX 254 /* bytes of a server's name, NUL included */

struct tls_session; /* of one thread */
struct tls_server;

/* Takes all of the bytes, which are borrowed. False: nobody will have them any more. */
typedef bool (*tls_send)(void *data, const uint8_t *bytes, size_t length);

enum tls_state {
	TLS_OPEN,
	TLS_WAITS,  /* for more sealed bytes */
	TLS_ENDED,  /* the other side has said that it sends no more */
	TLS_FAILED, /* see tls_why */
};

/* The server's side. `application` is what is spoken within ("dot", "h2"): another that the client insists on is refused. NULL
 * without memory. The session uses `server` as long as it lives. */
struct tls_session *tls_accept(struct tls_server *server, const char *application, tls_send send,
                               void *data);

/* Who is to be at the other end, and how that is known. All is borrowed as long as the session lives. */
struct tls_peer {
	struct tls_trust *trust; /* the authorities that may vouch for it */
	const char *name;    /* that it is asked for, and that its certificate must be for; "": none */
	struct addr address; /* that its certificate must be for when there is no name */
	size_t pin_count;    /* one of these is its key, and then nobody else is believed or asked */
	const uint8_t (*pins)[TLS_PIN_BYTES];
	bool anybody;                    /* whoever answers is taken */
	const struct tls_ticket *ticket; /* by which it may know us again; NULL: none */
};

/* The client's side: nothing is sent before tls_handshake, which begins it. NULL without memory. The session uses the trust as long as
 * it lives. */
struct tls_session *tls_connect(const struct tls_peer *peer, const char *application, tls_send send,
                                void *data);
/* The whole handshake was spared. */
bool tls_is_resumed(const struct tls_session *session);
/* The ticket that the server has sent, if one has come that was not taken yet; it replaces that in `ticket`. */
void tls_take_ticket(struct tls_session *session, struct tls_ticket *ticket);

void tls_free(struct tls_session **session);

/* What has come, borrowed until tls_unread is 0, or until the next call. All that came before must have been read. */
void tls_feed(struct tls_session *session, const uint8_t *bytes, size_t length);
size_t tls_unread(const struct tls_session *session);

/* Until it is TLS_OPEN, which it stays then. */
enum tls_state tls_handshake(struct tls_session *session);

/* Reads into `bytes`. Returns how much, and then the state is TLS_OPEN; else 0. */
size_t tls_read(struct tls_session *session, uint8_t *bytes, size_t room, enum tls_state *state);

/* Sends both as one. False: it has failed. */
bool tls_write(struct tls_session *session, const uint8_t *head, size_t head_length,
               const uint8_t *bytes, size_t length);
/* Says that no more will come, once the handshake is done. */
void tls_end(struct tls_session *session);

/* The server's name that the client has asked for, in lower case; "" when it has named none, or one that is none. */
void tls_name(const struct tls_session *session, char name[TLS_NAME_MAX]);

/* Who the client's certificate says it is: the first label of its first name, in lower case. False: it has none, or none with a name that a device
 * can have; `label` is "" then. */
bool tls_client(const struct tls_session *session, char label[DEVICE_LABEL_MAX]);

/* Why it has failed, as the end of a sentence; "" when it has not. Valid as long as the session. */
const char *tls_why(const struct tls_session *session);

#endif
