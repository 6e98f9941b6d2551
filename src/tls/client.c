/* Certificates of clients: asked for and checked in the handshake, and who they say it is. */
#include <gnutls/x509.h>
#include <string.h>

#include "tls/private.h"

#define NAMES_MAX 8 /* of a certificate are looked at */

/* GnuTLS's function for what the client shows; that it shows nothing is GnuTLS's to refuse, where one is required. */
static int check(gnutls_session_t gnutls)
{
	unsigned count = 0, status = 0;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
	                                 .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	if (!gnutls_certificate_get_peers(gnutls, &count) || !count)
		return 0;
	int result = gnutls_certificate_verify_peers(gnutls, &purpose, 1, &status);
	return result || status ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

int tls_clients_trust(struct tls_server *server, const gnutls_datum_t *authorities)
{
	gnutls_certificate_set_verify_function(server->credentials, check);
	return gnutls_certificate_set_x509_trust_mem(server->credentials, authorities,
	                                             GNUTLS_X509_FMT_PEM) > 0
	           ? PF_OK
	           : PF_EINVAL;
}

void tls_client_ask(gnutls_session_t gnutls, const struct tls_server *server)
{
	if (server->clients)
		gnutls_certificate_server_set_request(gnutls, server->clients_required
		                                                  ? GNUTLS_CERT_REQUIRE
		                                                  : GNUTLS_CERT_REQUEST);
}

/* The first label of a name, in lower case. False: it is none that a device can have. */
static bool take_label(const char *name, size_t length, char label[DEVICE_LABEL_MAX])
{
	size_t end = 0;
	for (; end < length && name[end] != '.'; end++) {
		char c = (char)(name[end] >= 'A' && name[end] <= 'Z' ? name[end] | 0x20 : name[end]);
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
		if (!good || end == DEVICE_LABEL_MAX - 1)
			return false;
		label[end] = c;
	}
	label[end] = '\0';
	return end && label[0] != '-' && label[end - 1] != '-';
}

static bool read_names(gnutls_x509_crt_t certificate, char label[DEVICE_LABEL_MAX])
{
	char name[256];
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		size_t length = sizeof name;
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &length, NULL);
		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type == GNUTLS_SAN_DNSNAME && take_label(name, length, label))
			return true;
	}
	size_t length = sizeof name;
	return !gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
	                                      &length) &&
	       take_label(name, length, label);
}

bool tls_client_of(gnutls_session_t gnutls, char label[DEVICE_LABEL_MAX])
{
	unsigned count = 0;
	gnutls_x509_crt_t certificate;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(gnutls, &count);
	label[0] = '\0';
	if (!shown || !count || gnutls_x509_crt_init(&certificate))
		return false;
	bool named = !gnutls_x509_crt_import(certificate, &shown[0], GNUTLS_X509_FMT_DER) &&
	             read_names(certificate, label);
	gnutls_x509_crt_deinit(certificate);
	if (!named)
		label[0] = '\0';
	return named;
}
