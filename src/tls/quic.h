/* The TLS 1.3 within one QUIC connection, for libngtcp2, which drives it: it has neither records nor a socket of its own. */
#ifndef PF_TLS_QUIC_H
#define PF_TLS_QUIC_H

#include <stdbool.h>
#include <stdint.h>

#include "tls/session.h"
#include "value/device.h"

#define TLS_SECRET_BYTES 32

struct tls_quic; /* of one thread */

/* The server's side. `application` is what is spoken within ("doq"). `reference` is the connection's ngtcp2_crypto_conn_ref, and outlives
 * the session. Early data (0-RTT) is never taken. NULL without memory. */
struct tls_quic *tls_quic_accept(struct tls_server *server, const char *application,
                                 void *reference);
void tls_quic_free(struct tls_quic **session);

/* For ngtcp2_conn_set_tls_native_handle. */
void *tls_quic_handle(const struct tls_quic *session);

/* Once the handshake is done: was the application agreed upon, as RFC 9001 (8.1) wants it? */
bool tls_quic_is_agreed(const struct tls_quic *session);
/* Gives the client a ticket, by which it comes back without a whole handshake. */
void tls_quic_send_ticket(struct tls_quic *session);
/* As tls_name. */
void tls_quic_name(const struct tls_quic *session, char name[TLS_NAME_MAX]);
/* As tls_client. */
bool tls_quic_client(const struct tls_quic *session, char label[DEVICE_LABEL_MAX]);

/* A secret that only who has the server's key can know, and that is the same after a new start; another for each purpose. */
void tls_quic_secret(const struct tls_server *server, const char *purpose,
                     uint8_t secret[TLS_SECRET_BYTES]);

#endif
