/* Certificate authorities and tickets of a client, see trust.h. */
#include "tls/trust.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/private.h"

struct tls_trust *tls_trust_use(struct tls_trust *trust)
{
	__atomic_add_fetch(&trust->uses, 1, __ATOMIC_RELAXED);
	return trust;
}

void tls_trust_unuse(struct tls_trust **trust)
{
	struct tls_trust *old = *trust;
	*trust = NULL;
	if (!old || __atomic_sub_fetch(&old->uses, 1, __ATOMIC_ACQ_REL))
		return;
	if (old->credentials)
		gnutls_certificate_free_credentials(old->credentials);
	if (old->priority)
		gnutls_priority_deinit(old->priority);
	if (old->quic_priority)
		gnutls_priority_deinit(old->quic_priority);
	free(old);
}

bool tls_trust_equal(const struct tls_trust *a, const struct tls_trust *b)
{
	return !memcmp(a->digest, b->digest, sizeof a->digest);
}

int tls_trust_nobody(struct tls_trust **out)
{
	struct tls_trust *trust = calloc(1, sizeof *trust);
	*out = NULL;
	if (!trust)
		return PF_ENOMEM;
	trust->uses = 1;
	if (gnutls_certificate_allocate_credentials(&trust->credentials) ||
	    gnutls_priority_init(&trust->priority, TLS_PRIORITY, NULL) ||
	    gnutls_priority_init(&trust->quic_priority, TLS_QUIC_PRIORITY, NULL)) {
		tls_trust_unuse(&trust);
		return PF_ENOMEM;
	}
	*out = trust;
	return PF_OK;
}

static int digest_authorities(struct tls_trust *trust)
{
	gnutls_x509_trust_list_t list;
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_crt_t one;
	gnutls_hash_hd_t hash;
	gnutls_certificate_get_trust_list(trust->credentials, &list);
	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256))
		return PF_ENOMEM;
	while (!gnutls_x509_trust_list_iter_get_ca(list, &at, &one)) {
		uint8_t print[TLS_DIGEST_BYTES];
		size_t length = sizeof print;
		if (!gnutls_x509_crt_get_fingerprint(one, GNUTLS_DIG_SHA256, print, &length))
			(void)gnutls_hash(hash, print, length);
		gnutls_x509_crt_deinit(one);
	}
	gnutls_x509_trust_list_iter_deinit(at);
	gnutls_hash_deinit(hash, trust->digest);
	return PF_OK;
}

static int read_authorities(struct tls_trust *trust, const char *path, char *error,
                            size_t error_size)
{
	errno = 0;
	int count =
		path ? gnutls_certificate_set_x509_trust_file(trust->credentials, path, GNUTLS_X509_FMT_PEM)
			 : gnutls_certificate_set_x509_system_trust(trust->credentials);
	if (count > 0)
		return PF_OK;
	if (!path)
		snprintf(error, error_size,
		         "this system has no certificate authorities: install the package "
		         "ca-certificates, or name a file of them in `ca-file`");
	else if (count == GNUTLS_E_FILE_ERROR)
		snprintf(error, error_size, "%s can not be read: %s", path,
		         errno ? strerror(errno) : gnutls_strerror(count));
	else
		snprintf(error, error_size, "%s holds no certificate of an authority (PEM)", path);
	return PF_EINVAL;
}

int tls_trust_load(const char *path, struct tls_trust **out, char *error, size_t error_size)
{
	struct tls_trust *trust;
	int result = tls_trust_nobody(&trust);
	*out = NULL;
	snprintf(error, error_size, "out of memory");
	if (result == PF_OK)
		result = read_authorities(trust, path, error, error_size);
	if (result == PF_OK)
		result = digest_authorities(trust);
	if (result == PF_OK)
		*out = tls_trust_use(trust);
	if (trust)
		tls_trust_unuse(&trust);
	return result;
}

bool tls_pin_parse(const char *text, uint8_t pin[TLS_PIN_BYTES])
{
	gnutls_datum_t coded = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
	gnutls_datum_t bytes = {NULL, 0};
	if (strlen(text) != TLS_PIN_MAX - 1 || gnutls_base64_decode2(&coded, &bytes))
		return false;
	bool whole = bytes.size == TLS_PIN_BYTES;
	if (whole)
		memcpy(pin, bytes.data, TLS_PIN_BYTES);
	gnutls_free(bytes.data);
	return whole;
}

void tls_ticket_deinit(struct tls_ticket *ticket)
{
	if (ticket->bytes)
		gnutls_memset(ticket->bytes, 0, ticket->length);
	free(ticket->bytes);
	*ticket = (struct tls_ticket){0};
}
