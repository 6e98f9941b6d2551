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
	ngtcp2_crypto_conn_ref reference; /* where libngtcp2 looks for it: what GnuTLS knows of us */
	gnutls_session_t gnutls;
	struct tls_server *server; /* a use of its own; NULL: the client's side */
	const struct tls_peer *peer;
	struct tls_trust *trust; /* a use of its own */
	bool ticket_taken;
	char why[TLS_WHY_MAX]; /* the peer is not believed */
};

static struct tls_quic *session_new(const ngtcp2_crypto_conn_ref *reference)
{
	struct tls_quic *session = calloc(1, sizeof *session);
	if (session)
		session->reference = *reference;
	return session;
}

static bool prepare(struct tls_quic *session, unsigned side, const char *application,
                    gnutls_priority_t priority, gnutls_certificate_credentials_t credentials)
{
	gnutls_datum_t spoken = {(unsigned char *)(uintptr_t)application,
	                         (unsigned)strlen(application)};
	if (gnutls_init(&session->gnutls, side | GNUTLS_NO_SIGNAL | GNUTLS_NO_AUTO_SEND_TICKET |
	                                      GNUTLS_NO_END_OF_EARLY_DATA))
		return false;
	gnutls_session_set_ptr(session->gnutls, &session->reference);
	gnutls_handshake_set_max_packet_length(session->gnutls, TLS_HANDSHAKE_BYTES_MAX);
	return !gnutls_priority_set(session->gnutls, priority) &&
	       !gnutls_credentials_set(session->gnutls, GNUTLS_CRD_CERTIFICATE, credentials) &&
	       !gnutls_alpn_set_protocols(session->gnutls, &spoken, 1,
	                                  side == GNUTLS_SERVER ? GNUTLS_ALPN_MANDATORY : 0);
}

struct tls_quic *tls_quic_accept(struct tls_server *server, const char *application,
                                 const ngtcp2_crypto_conn_ref *reference)
{
	struct tls_quic *session = session_new(reference);
	if (!session)
		return NULL;
	session->server = tls_server_use(server);
	if (prepare(session, GNUTLS_SERVER, application, server->quic_priority, server->credentials) &&
	    !gnutls_session_ticket_enable_server(session->gnutls, &server->ticket_key) &&
	    !ngtcp2_crypto_gnutls_configure_server_session(session->gnutls)) {
		tls_client_ask(session->gnutls, server);
		return session;
	}
	tls_quic_free(&session);
	return NULL;
}

static int check_peer(gnutls_session_t gnutls)
{
	struct tls_quic *session = gnutls_session_get_ptr(gnutls); /* it begins with the reference */
	return tls_peer_check(gnutls, session->peer, session->why);
}

struct tls_quic *tls_quic_connect(const struct tls_peer *peer, const char *application,
                                  const ngtcp2_crypto_conn_ref *reference)
{
	struct tls_quic *session = session_new(reference);
	if (!session)
		return NULL;
	session->peer = peer;
	session->trust = tls_trust_use(peer->trust);
	if (!prepare(session, GNUTLS_CLIENT, application, session->trust->quic_priority,
	             session->trust->credentials) ||
	    !tls_peer_greet(session->gnutls, peer) ||
	    ngtcp2_crypto_gnutls_configure_client_session(session->gnutls)) {
		tls_quic_free(&session);
		return NULL;
	}
	gnutls_session_set_verify_function(session->gnutls, check_peer);
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
	tls_trust_unuse(&old->trust);
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

bool tls_quic_is_resumed(const struct tls_quic *session)
{
	return gnutls_session_is_resumed(session->gnutls);
}

void tls_quic_take_ticket(struct tls_quic *session, struct tls_ticket *ticket)
{
	if (!session->ticket_taken)
		session->ticket_taken = tls_ticket_take(session->gnutls, ticket);
}

const char *tls_quic_why(const struct tls_quic *session)
{
	return session->why;
}

const char *tls_quic_alert(uint8_t alert)
{
	const char *name = gnutls_alert_get_name(alert);
	return name ? name : "an unknown one";
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
