/* What a server of TLS shows: its certificate, and the key of the tickets by which clients come back without a whole
 * handshake. Immutable; shared by all threads, and kept by those sessions that began with it. */
#ifndef PF_TLS_SERVER_H
#define PF_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TLS_FILE_BYTES_MAX (1u << 20) /* of a chain, or a key: there are some KiB in them */
#define TLS_PIN_MAX 45                /* a SHA-256 in base64, and its NUL */

struct tls_server;

/* Where a server's certificate and key stand (PEM), and the authorities whose clients are believed to be who their certificates say they are (RFC
 * 7858, 8310): `clients` is NULL when none are asked for. */
struct tls_files {
	const char *certificate, *key, *clients;
	bool clients_required; /* who has none is not let in */
};

/* Reads the files. When all is as it was with `previous` (or NULL), that one is used again, and its tickets stay
 * good. PF_OK and `*out` is the caller's use (tls_server_unuse); else `error` holds a sentence that names the file. */
PF_MUST_CHECK int tls_server_load(const struct tls_files *files, struct tls_server *previous,
                                  struct tls_server **out, char *error, size_t error_size);

/* One use more; returns it. And one less: the last one frees it. */
struct tls_server *tls_server_use(struct tls_server *server);
void tls_server_unuse(struct tls_server **server);

/* The pin of its public key, as RFC 7858 (4.2) has it: SHA-256 of the SPKI, in base64. */
const char *tls_server_pin(const struct tls_server *server);
/* Is its certificate for this name, or address as a text? */
bool tls_server_is_for(const struct tls_server *server, const char *name);
/* The first name of its certificate that is one of a host ("dns.example.net", not "*.example.net", not "debian"); "": there is none. */
const char *tls_server_name(const struct tls_server *server);
/* Until when the certificate is good, in seconds since 1970. */
int64_t tls_server_expires_s(const struct tls_server *server);

/* Is the certificate in this file for all of these names (a name, "*.name" or an address)? */
bool tls_certificate_names(const char *certificate, const char *const *names, size_t count);

/* Makes a certificate for these names that is signed by its own key, and writes it; the key (ECDSA on P-256) too, unless there is one in
 * the file, which is used then: its pin stays the same. PF_EIO and a sentence. */
PF_MUST_CHECK int tls_server_make(const char *certificate, const char *key,
                                  const char *const *names, size_t count, int64_t now_s,
                                  char *error, size_t error_size);

#endif
