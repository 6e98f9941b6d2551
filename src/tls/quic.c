/* GnuTLS for libngtcp2, see quic.h. */
#include "tls/quic.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "tls/private.h"

#define TICKETS 1 /* one comes back with one */

struct tls_quic {
	gnutls_session_t gnutls;
	struct tls_server *server; /* a use of its own */
};

static bool prepare(struct tls_quic *session, const char *application, void *reference)
{
	struct tls_server *server = session->server;
	gnutls_datum_t spoken = {(unsigned char *)(uintptr_t)application,
	                         (unsigned)strlen(application)};
	if (gnutls_init(&session->gnutls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL |
	                                      GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA))
		return false;
	gnutls_session_set_ptr(session->gnutls, reference);
	tls_client_ask(session->gnutls, server);
	gnutls_handshake_set_max_packet_length(session->gnutls, TLS_HANDSHAKE_BYTES_MAX);
	return !gnutls_priority_set(session->gnutls, server->quic_priority) &&
	       !gnutls_credentials_set(session->gnutls, GNUTLS_CRD_CERTIFICATE, server->credentials) &&
	       !gnutls_session_ticket_enable_server(session->gnutls, &server->ticket_key) &&
	       !gnutls_alpn_set_protocols(session->gnutls, &spoken, 1, GNUTLS_ALPN_MANDATORY) &&
	       !ngtcp2_crypto_gnutls_configure_server_session(session->gnutls);
}

struct tls_quic *tls_quic_accept(struct tls_server *server, const char *application,
                                 void *reference)
{
	struct tls_quic *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	session->server = tls_server_use(server);
	if (!prepare(session, application, reference))
		tls_quic_free(&session);
	return session;
}

void tls_quic_free(struct tls_quic **session)
{
	struct tls_quic *old = *session;
	if (!old)
		return;
	if (old->gnutls)
		gnutls_deinit(old->gnutls);
	tls_server_unuse(&old->server);
	free(old);
	*session = NULL;
}

void *tls_quic_handle(const struct tls_quic *session)
{
	return session->gnutls;
}

bool tls_quic_is_agreed(const struct tls_quic *session)
{
	gnutls_datum_t agreed;
	return !gnutls_alpn_get_selected_protocol(session->gnutls, &agreed);
}

void tls_quic_send_ticket(struct tls_quic *session)
{
	(void)gnutls_session_ticket_send(session->gnutls, TICKETS, 0); /* without one it works too */
}

void tls_quic_name(const struct tls_quic *session, char name[TLS_NAME_MAX])
{
	tls_name_of(session->gnutls, name);
}

bool tls_quic_client(const struct tls_quic *session, char label[DEVICE_LABEL_MAX])
{
	return tls_client_of(session->gnutls, label);
}

void tls_quic_secret(const struct tls_server *server, const char *purpose,
                     uint8_t secret[TLS_SECRET_BYTES])
{
	_Static_assert(TLS_SECRET_BYTES == TLS_DIGEST_BYTES, "both are of SHA-256");
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, server->digest, sizeof server->digest, purpose,
	                     strlen(purpose), secret))
		gnutls_rnd(GNUTLS_RND_KEY, secret, TLS_SECRET_BYTES);
}
