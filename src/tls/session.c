/* GnuTLS over memory, see session.h. */
#include "tls/session.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "tls/private.h"

/* Alerts that end nothing, and other things that GnuTLS wants to be asked about again, for one piece of input. */
#define AGAINS_MAX 32

struct tls_session {
	gnutls_session_t gnutls;
	struct tls_server *server; /* a use of its own; NULL: the client's side */
	const struct tls_peer *peer;
	struct tls_trust *trust; /* a use of its own */
	bool ticket_taken;
	char why[TLS_WHY_MAX]; /* the peer is not believed */
	tls_send send;
	void *data;
	const uint8_t *in; /* borrowed */
	size_t in_length;
	bool open;
	int error;
};

/* ---- GnuTLS's socket --------------------------------------------------------------------- */

static ssize_t pull(gnutls_transport_ptr_t data, void *bytes, size_t room)
{
	struct tls_session *session = data;
	size_t length = session->in_length < room ? session->in_length : room;
	if (!length) {
		gnutls_transport_set_errno(session->gnutls, EAGAIN);
		return -1;
	}
	memcpy(bytes, session->in, length);
	session->in += length;
	session->in_length -= length;
	return (ssize_t)length;
}

static int pull_timeout(gnutls_transport_ptr_t data, unsigned ms)
{
	(void)ms;
	return ((struct tls_session *)data)->in_length > 0;
}

static ssize_t push(gnutls_transport_ptr_t data, const void *bytes, size_t length)
{
	struct tls_session *session = data;
	if (session->send(session->data, bytes, length))
		return (ssize_t)length;
	gnutls_transport_set_errno(session->gnutls, EPIPE);
	return -1;
}

/* ---- life -------------------------------------------------------------------------------- */

static bool prepare(struct tls_session *session, unsigned side, const char *application,
                    gnutls_priority_t priority, gnutls_certificate_credentials_t credentials)
{
	gnutls_datum_t spoken = {(unsigned char *)(uintptr_t)application,
	                         (unsigned)strlen(application)};
	if (gnutls_init(&session->gnutls, side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL))
		return false;
	gnutls_transport_set_ptr(session->gnutls, session);
	gnutls_transport_set_pull_function(session->gnutls, pull);
	gnutls_transport_set_pull_timeout_function(session->gnutls, pull_timeout);
	gnutls_transport_set_push_function(session->gnutls, push);
	gnutls_handshake_set_max_packet_length(session->gnutls, TLS_HANDSHAKE_BYTES_MAX);
	return !gnutls_priority_set(session->gnutls, priority) &&
	       !gnutls_credentials_set(session->gnutls, GNUTLS_CRD_CERTIFICATE, credentials) &&
	       !gnutls_alpn_set_protocols(session->gnutls, &spoken, 1,
	                                  side == GNUTLS_SERVER ? GNUTLS_ALPN_MANDATORY : 0);
}

static struct tls_session *session_new(tls_send send, void *data)
{
	struct tls_session *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	session->send = send;
	session->data = data;
	return session;
}

struct tls_session *tls_accept(struct tls_server *server, const char *application, tls_send send,
                               void *data)
{
	struct tls_session *session = session_new(send, data);
	if (!session)
		return NULL;
	session->server = tls_server_use(server);
	if (prepare(session, GNUTLS_SERVER, application, server->priority, server->credentials) &&
	    !gnutls_session_ticket_enable_server(session->gnutls, &server->ticket_key)) {
		tls_client_ask(session->gnutls, server);
		return session;
	}
	tls_free(&session);
	return NULL;
}

/* ---- the client's side ------------------------------------------------------------------- */

static int check_peer(gnutls_session_t gnutls)
{
	struct tls_session *session = gnutls_session_get_ptr(gnutls);
	return tls_peer_check(gnutls, session->peer, session->why);
}

struct tls_session *tls_connect(const struct tls_peer *peer, const char *application, tls_send send,
                                void *data)
{
	struct tls_session *session = session_new(send, data);
	if (!session)
		return NULL;
	session->peer = peer;
	session->trust = tls_trust_use(peer->trust);
	bool made = prepare(session, GNUTLS_CLIENT, application, session->trust->priority,
	                    session->trust->credentials);
	if (!made || !tls_peer_greet(session->gnutls, peer)) {
		tls_free(&session);
		return NULL;
	}
	gnutls_session_set_ptr(session->gnutls, session);
	gnutls_session_set_verify_function(session->gnutls, check_peer);
	return session;
}

bool tls_is_resumed(const struct tls_session *session)
{
	return gnutls_session_is_resumed(session->gnutls);
}

void tls_take_ticket(struct tls_session *session, struct tls_ticket *ticket)
{
	if (session->open && !session->ticket_taken)
		session->ticket_taken = tls_ticket_take(session->gnutls, ticket);
}

/* ---- its end ----------------------------------------------------------------------------- */

void tls_free(struct tls_session **session)
{
	struct tls_session *old = *session;
	if (!old)
		return;
	if (old->gnutls)
		gnutls_deinit(old->gnutls);
	tls_server_unuse(&old->server);
	tls_trust_unuse(&old->trust);
	free(old);
	*session = NULL;
}

/* ---- bytes ------------------------------------------------------------------------------- */

void tls_feed(struct tls_session *session, const uint8_t *bytes, size_t length)
{
	session->in = bytes;
	session->in_length = length;
}

size_t tls_unread(const struct tls_session *session)
{
	return session->in_length;
}

/* What GnuTLS has said, that is no success. */
static enum tls_state state_of(struct tls_session *session, int error)
{
	if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED)
		return TLS_WAITS;
	session->error = error;
	return TLS_FAILED;
}

static bool is_to_be_asked_again(int error)
{
	return error == GNUTLS_E_WARNING_ALERT_RECEIVED || error == GNUTLS_E_GOT_APPLICATION_DATA;
}

enum tls_state tls_handshake(struct tls_session *session)
{
	int error = GNUTLS_E_WARNING_ALERT_RECEIVED;
	if (session->open)
		return TLS_OPEN;
	for (int i = 0; i < AGAINS_MAX && is_to_be_asked_again(error); i++)
		error = gnutls_handshake(session->gnutls);
	session->open = !error;
	if (session->open)
		return TLS_OPEN;
	enum tls_state state = state_of(session, error);
	if (state == TLS_FAILED) /* the other side hears why */
		gnutls_alert_send_appropriate(session->gnutls, error);
	return state;
}

size_t tls_read(struct tls_session *session, uint8_t *bytes, size_t room, enum tls_state *state)
{
	ssize_t length = GNUTLS_E_WARNING_ALERT_RECEIVED;
	size_t unread = SIZE_MAX;
	for (int i = 0; i < AGAINS_MAX && is_to_be_asked_again((int)length); i++)
		length = gnutls_record_recv(session->gnutls, bytes, room);
	/* It says so too when it has read a ticket or a new key, and there may be more behind that. */
	while (length == GNUTLS_E_AGAIN && session->in_length && session->in_length < unread) {
		unread = session->in_length;
		length = gnutls_record_recv(session->gnutls, bytes, room);
	}
	*state = length > 0 ? TLS_OPEN : length ? state_of(session, (int)length) : TLS_ENDED;
	return length > 0 ? (size_t)length : 0;
}

bool tls_write(struct tls_session *session, const uint8_t *head, size_t head_length,
               const uint8_t *bytes, size_t length)
{
	gnutls_record_cork(session->gnutls);
	ssize_t error = head_length ? gnutls_record_send(session->gnutls, head, head_length) : 0;
	if (error >= 0 && length)
		error = gnutls_record_send(session->gnutls, bytes, length);
	if (error >= 0)
		error = gnutls_record_uncork(session->gnutls, GNUTLS_RECORD_WAIT);
	if (error < 0)
		session->error = (int)error;
	return error >= 0;
}

void tls_end(struct tls_session *session)
{
	if (session->open && !session->error)
		(void)gnutls_bye(session->gnutls, GNUTLS_SHUT_WR);
}

/* ---- what is known of the other side ----------------------------------------------------- */

void tls_name_of(gnutls_session_t gnutls, char *name)
{
	size_t length = TLS_NAME_MAX;
	unsigned type = 0;
	if (gnutls_server_name_get(gnutls, name, &length, &type, 0) || type != GNUTLS_NAME_DNS ||
	    length >= TLS_NAME_MAX || strnlen(name, length) != length)
		length = 0;
	name[length] = '\0';
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

void tls_name(const struct tls_session *session, char name[TLS_NAME_MAX])
{
	tls_name_of(session->gnutls, name);
}

bool tls_client(const struct tls_session *session, char label[DEVICE_LABEL_MAX])
{
	return tls_client_of(session->gnutls, label);
}

const char *tls_why(const struct tls_session *session)
{
	if (*session->why)
		return session->why;
	return session->error ? gnutls_strerror(session->error) : "";
}
