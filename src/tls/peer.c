/* The server that a client means to reach, over a socket or within QUIC: what it is told first, who it must be, and the ticket that it gives. */
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/private.h"

static bool is_pinned(const struct tls_peer *peer, const uint8_t id[TLS_PIN_BYTES])
{
	for (size_t i = 0; i < peer->pin_count; i++)
		if (!memcmp(peer->pins[i], id, TLS_PIN_BYTES))
			return true;
	return false;
}

/* Its own key, not one of those that have signed it: who knows one of those may make as many as they like. */
static int check_pin(gnutls_session_t gnutls, const struct tls_peer *peer, char why[TLS_WHY_MAX])
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls, &count);
	gnutls_x509_crt_t crt;
	uint8_t id[TLS_PIN_BYTES];
	size_t length = sizeof id;
	if (!chain || !count || gnutls_x509_crt_init(&crt))
		return GNUTLS_E_CERTIFICATE_ERROR;
	int error = gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER);
	if (!error)
		error = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &length);
	gnutls_x509_crt_deinit(crt);
	if (!error && is_pinned(peer, id))
		return 0;
	snprintf(why, TLS_WHY_MAX, "its key is none of those in `pin-sha256`");
	return GNUTLS_E_CERTIFICATE_ERROR;
}

static int check_name(gnutls_session_t gnutls, const struct tls_peer *peer, char why[TLS_WHY_MAX])
{
	gnutls_typed_vdata_st wanted[] = {
		{GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0},
		{GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)(uintptr_t)peer->name, 0},
	};
	gnutls_datum_t text = {NULL, 0};
	unsigned status = 0;
	if (!*peer->name)
		wanted[1] = (gnutls_typed_vdata_st){GNUTLS_DT_IP_ADDRESS,
		                                    (unsigned char *)(uintptr_t)peer->address.bytes,
		                                    peer->address.family == 4 ? 4 : 16};
	int error = gnutls_certificate_verify_peers(gnutls, wanted, PF_COUNT(wanted), &status);
	if (!error && !status)
		return 0;
	if (!error && !gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0))
		snprintf(why, TLS_WHY_MAX, "%s", (const char *)text.data);
	gnutls_free(text.data);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

int tls_peer_check(gnutls_session_t gnutls, const struct tls_peer *peer, char why[TLS_WHY_MAX])
{
	if (peer->anybody)
		return 0;
	return peer->pin_count ? check_pin(gnutls, peer, why) : check_name(gnutls, peer, why);
}

bool tls_peer_greet(gnutls_session_t gnutls, const struct tls_peer *peer)
{
	if (*peer->name &&
	    gnutls_server_name_set(gnutls, GNUTLS_NAME_DNS, peer->name, strlen(peer->name)))
		return false;
	if (peer->ticket && peer->ticket->bytes) /* one that is of no use costs a whole handshake */
		(void)gnutls_session_set_data(gnutls, peer->ticket->bytes, peer->ticket->length);
	return true;
}

bool tls_ticket_take(gnutls_session_t gnutls, struct tls_ticket *ticket)
{
	gnutls_datum_t data = {NULL, 0};
	if (!(gnutls_session_get_flags(gnutls) & GNUTLS_SFLAGS_SESSION_TICKET) ||
	    gnutls_session_get_data2(gnutls, &data))
		return false;
	uint8_t *copy = malloc(data.size + 1);
	if (copy) {
		memcpy(copy, data.data, data.size);
		tls_ticket_deinit(ticket);
		*ticket = (struct tls_ticket){copy, data.size};
	}
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	return true;
}
