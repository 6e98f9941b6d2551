/* The TLS 1.3 within one QUIC connection, for libngtcp2, which drives it: it has neither records nor a socket of its own. */
#ifndef PF_TLS_QUIC_H
#define PF_TLS_QUIC_H

#include <ngtcp2/ngtcp2_crypto.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls/session.h"
#include "value/device.h"

#define TLS_SECRET_BYTES 32

struct tls_quic; /* of one thread */

/* The server's side. `application` is what is spoken within ("doq"). `reference` leads libngtcp2 to the connection; it is copied, what it names
 * outlives the session. Early data (0-RTT) is never taken. NULL without memory. */
struct tls_quic *tls_quic_accept(struct tls_server *server, const char *application,
                                 const ngtcp2_crypto_conn_ref *reference);
/* The client's side, as tls_connect. Early data is never sent. */
struct tls_quic *tls_quic_connect(const struct tls_peer *peer, const char *application,
                                  const ngtcp2_crypto_conn_ref *reference);
void tls_quic_free(struct tls_quic **session);

/* For ngtcp2_conn_set_tls_native_handle. */
void *tls_quic_handle(const struct tls_quic *session);

/* Once the handshake is done: was the application agreed upon, as RFC 9001 (8.1) wants it? */
bool tls_quic_is_agreed(const struct tls_quic *session);
/* Gives the client a ticket, by which it comes back without a whole handshake. */
void tls_quic_send_ticket(struct tls_quic *session);
/* Of the client's side, once the handshake is done: as tls_is_resumed and tls_take_ticket. */
bool tls_quic_is_resumed(const struct tls_quic *session);
void tls_quic_take_ticket(struct tls_quic *session, struct tls_ticket *ticket);
/* Why the server was not believed, as the end of a sentence; "" when it was. Valid as long as the session. */
const char *tls_quic_why(const struct tls_quic *session);
/* What the other side means by an alert of TLS. */
const char *tls_quic_alert(uint8_t alert);
/* As tls_name. */
void tls_quic_name(const struct tls_quic *session, char name[TLS_NAME_MAX]);
/* As tls_client. */
bool tls_quic_client(const struct tls_quic *session, char label[DEVICE_LABEL_MAX]);

/* A secret that only who has the server's key can know, and that is the same after a new start; another for each purpose. */
void tls_quic_secret(const struct tls_server *server, const char *purpose,
                     uint8_t secret[TLS_SECRET_BYTES]);

#endif
