/* Private to tls/: what sessions need of what they were made with. */
#ifndef PF_TLS_PRIVATE_H
#define PF_TLS_PRIVATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "tls/server.h"
#include "tls/session.h"
#include "tls/trust.h"
#include "value/device.h"

#define TLS_HANDSHAKE_BYTES_MAX (64 << 10) /* of one handshake message: a chain of certificates */

/* ECDHE and ciphers with authentication only: what is recorded today can not be read with tomorrow's stolen key. */
#define TLS_PRIORITY                                                                       \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM" \
	":+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE"

/* The same without TLS 1.2 and what is there for its sake (RFC 9001, 8.4). */
#define TLS_QUIC_PRIORITY                                                    \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM" \
	":+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE:%DISABLE_TLS13_COMPAT_MODE"

#define TLS_DIGEST_BYTES 32
#define TLS_CERTIFICATE_NAMES_MAX 256 /* of one certificate that are looked at */

struct tls_server {
	unsigned uses; /* atomic */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority, quic_priority;
	gnutls_datum_t ticket_key;        /* of which GnuTLS makes a new key every few hours */
	uint8_t digest[TLS_DIGEST_BYTES]; /* of all files */
	char pin[TLS_PIN_MAX];
	int64_t expires_s;
	gnutls_x509_crt_t certificate;  /* the first of the chain */
	char name[TLS_NAME_MAX];        /* tls_server_name */
	bool clients, clients_required; /* their certificates are asked for; must be there */
};

/* Certificates of clients that these authorities (PEM) have signed are good. PF_EINVAL: there is none among them. */
PF_MUST_CHECK int tls_clients_trust(struct tls_server *server, const gnutls_datum_t *authorities);
/* Before the handshake. */
void tls_client_ask(gnutls_session_t gnutls, const struct tls_server *server);
/* tls_client of any session. */
bool tls_client_of(gnutls_session_t gnutls, char label[DEVICE_LABEL_MAX]);

#define TLS_WHY_MAX 256

/* Of a client, before its handshake: whom it asks for, and by which ticket it may be known. False without memory. */
bool tls_peer_greet(gnutls_session_t gnutls, const struct tls_peer *peer);
/* Within it: is that the one that is meant? 0, or what GnuTLS is to hear; then `why` is the end of a sentence, or as it was. */
int tls_peer_check(gnutls_session_t gnutls, const struct tls_peer *peer, char why[TLS_WHY_MAX]);
/* After it: true when the server's ticket had come, which replaces that in `ticket`. */
bool tls_ticket_take(gnutls_session_t gnutls, struct tls_ticket *ticket);

/* tls_name of any session. */
void tls_name_of(gnutls_session_t gnutls, char *name);

struct tls_trust {
	unsigned uses; /* atomic */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority, quic_priority;
	uint8_t digest[TLS_DIGEST_BYTES]; /* of all authorities */
};

#endif
