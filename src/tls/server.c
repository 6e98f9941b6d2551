/* Certificates and keys of a server, see server.h. */
#include "tls/server.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tls/private.h"

/* ---- life -------------------------------------------------------------------------------- */

struct tls_server *tls_server_use(struct tls_server *server)
{
	__atomic_add_fetch(&server->uses, 1, __ATOMIC_RELAXED);
	return server;
}

void tls_server_unuse(struct tls_server **server)
{
	struct tls_server *old = *server;
	*server = NULL;
	if (!old || __atomic_sub_fetch(&old->uses, 1, __ATOMIC_ACQ_REL))
		return;
	if (old->credentials)
		gnutls_certificate_free_credentials(old->credentials);
	if (old->priority)
		gnutls_priority_deinit(old->priority);
	if (old->quic_priority)
		gnutls_priority_deinit(old->quic_priority);
	if (old->certificate)
		gnutls_x509_crt_deinit(old->certificate);
	if (old->ticket_key.data)
		gnutls_memset(old->ticket_key.data, 0, old->ticket_key.size);
	gnutls_free(old->ticket_key.data);
	free(old);
}

const char *tls_server_pin(const struct tls_server *server)
{
	return server->pin;
}

const char *tls_server_name(const struct tls_server *server)
{
	return server->name;
}

bool tls_server_is_for(const struct tls_server *server, const char *name)
{
	return gnutls_x509_crt_check_hostname(server->certificate, name);
}

int64_t tls_server_expires_s(const struct tls_server *server)
{
	return server->expires_s;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int read_file(const char *path, gnutls_datum_t *content, char *error, size_t error_size)
{
	struct stat about;
	const char *why = NULL;
	if (stat(path, &about))
		why = strerror(errno);
	else if (!S_ISREG(about.st_mode))
		why = "it is no file";
	else if (about.st_size > TLS_FILE_BYTES_MAX)
		why = "it is far too large for what it should hold";
	else if (gnutls_load_file(path, content))
		why = strerror(errno);
	if (!why)
		return PF_OK;
	snprintf(error, error_size, "%s can not be read: %s", path, why);
	return PF_EINVAL;
}

static void forget(gnutls_datum_t *content)
{
	if (content->data)
		gnutls_memset(content->data, 0, content->size);
	gnutls_free(content->data);
	content->data = NULL;
}

/* What was read of the files. */
struct contents {
	gnutls_datum_t certificate, key, clients;
};

static int read_all(const struct tls_files *files, struct contents *contents, char *error,
                    size_t error_size)
{
	int result = read_file(files->certificate, &contents->certificate, error, error_size);
	if (result == PF_OK)
		result = read_file(files->key, &contents->key, error, error_size);
	if (result == PF_OK && files->clients)
		result = read_file(files->clients, &contents->clients, error, error_size);
	return result;
}

static int digest_all(const struct tls_files *files, const struct contents *contents,
                      uint8_t digest[TLS_DIGEST_BYTES])
{
	gnutls_hash_hd_t hash;
	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256))
		return PF_ENOMEM;
	(void)gnutls_hash(hash, contents->certificate.data, contents->certificate.size);
	(void)gnutls_hash(hash, "\0", 1);
	(void)gnutls_hash(hash, contents->key.data, contents->key.size);
	(void)gnutls_hash(hash, files->clients_required ? "\1" : "\0", 1);
	if (contents->clients.size)
		(void)gnutls_hash(hash, contents->clients.data, contents->clients.size);
	gnutls_hash_deinit(hash, digest);
	return PF_OK;
}

/* A host's name has at least two labels, and stands for itself alone. */
static bool is_of_host(const char *name, size_t length)
{
	return length && length < TLS_NAME_MAX && !memchr(name, '*', length) &&
	       !memchr(name, '\0', length) && memchr(name, '.', length);
}

static void read_name(struct tls_server *server)
{
	char text[TLS_NAME_MAX];
	for (unsigned i = 0; i < TLS_CERTIFICATE_NAMES_MAX; i++) {
		size_t length = sizeof text;
		int kind =
			gnutls_x509_crt_get_subject_alt_name(server->certificate, i, text, &length, NULL);
		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		if (kind != GNUTLS_SAN_DNSNAME || !is_of_host(text, length))
			continue;
		memcpy(server->name, text, length);
		return;
	}
}

/* What is told of the first certificate of the chain. */
static int describe(struct tls_server *server)
{
	gnutls_x509_crt_t *chain = NULL;
	unsigned count = 0;
	uint8_t id[TLS_DIGEST_BYTES];
	size_t length = sizeof id, text_length = sizeof server->pin;
	if (gnutls_certificate_get_x509_crt(server->credentials, 0, &chain, &count) || !count)
		return PF_ENOMEM;
	int failed = gnutls_x509_crt_get_key_id(chain[0], GNUTLS_KEYID_USE_SHA256, id, &length);
	server->expires_s = gnutls_x509_crt_get_expiration_time(chain[0]);
	server->certificate = chain[0];
	for (unsigned i = 1; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	read_name(server);
	gnutls_datum_t bytes = {id, (unsigned)length}, text = {NULL, 0};
	if (failed || gnutls_base64_encode2(&bytes, &text))
		return PF_ENOMEM;
	snprintf(server->pin, text_length, "%.*s", (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
	return PF_OK;
}

static int use_files(struct tls_server *server, const struct tls_files *files,
                     const struct contents *contents, char *error, size_t error_size)
{
	int result = gnutls_certificate_set_x509_key_mem2(server->credentials, &contents->certificate,
	                                                  &contents->key, GNUTLS_X509_FMT_PEM, NULL, 0);
	server->clients = files->clients != NULL;
	server->clients_required = files->clients_required;
	if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		snprintf(error, error_size, "the key in %s is not that of the certificate in %s",
		         files->key, files->certificate);
	else if (result < 0)
		snprintf(error, error_size,
		         "%s and %s hold no certificate and key that can be used (PEM): %s",
		         files->certificate, files->key, gnutls_strerror(result));
	else if (files->clients && tls_clients_trust(server, &contents->clients) != PF_OK)
		snprintf(error, error_size, "%s holds no certificate of an authority (PEM)",
		         files->clients);
	else
		return PF_OK;
	return PF_EINVAL;
}

static int make(struct tls_server *server)
{
	bool made = !gnutls_certificate_allocate_credentials(&server->credentials) &&
	            !gnutls_priority_init(&server->priority, TLS_PRIORITY, NULL) &&
	            !gnutls_priority_init(&server->quic_priority, TLS_QUIC_PRIORITY, NULL) &&
	            !gnutls_session_ticket_key_generate(&server->ticket_key);
	return made ? PF_OK : PF_ENOMEM;
}

int tls_server_load(const struct tls_files *files, struct tls_server *previous,
                    struct tls_server **out, char *error, size_t error_size)
{
	struct contents contents = {0};
	struct tls_server *server = calloc(1, sizeof *server);
	int result = server ? PF_OK : PF_ENOMEM;
	*out = NULL;
	snprintf(error, error_size, "out of memory");
	if (result == PF_OK) {
		server->uses = 1;
		result = read_all(files, &contents, error, error_size);
	}
	if (result == PF_OK)
		result = digest_all(files, &contents, server->digest);
	if (result == PF_OK && previous &&
	    !memcmp(previous->digest, server->digest, sizeof server->digest)) {
		*out = tls_server_use(previous);
	} else {
		if (result == PF_OK)
			result = make(server);
		if (result == PF_OK)
			result = use_files(server, files, &contents, error, error_size);
		if (result == PF_OK)
			result = describe(server);
		if (result == PF_OK)
			*out = tls_server_use(server);
	}
	forget(&contents.certificate);
	forget(&contents.key);
	forget(&contents.clients);
	tls_server_unuse(&server);
	return result;
}
