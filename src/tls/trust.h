/* Whom a client of TLS believes: certificate authorities. Immutable; shared by all threads. And what it remembers of a server: a ticket. */
#ifndef PF_TLS_TRUST_H
#define PF_TLS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TLS_PIN_BYTES 32 /* SHA-256 of the SPKI */

struct tls_trust;

/* The authorities in `path` (PEM), or with NULL the system's. PF_OK and `*out` is the caller's use; else `error` holds a
 * sentence that names the file. */
PF_MUST_CHECK int tls_trust_load(const char *path, struct tls_trust **out, char *error,
                                 size_t error_size);
/* Nobody: for servers that are known by their pin, or not at all. PF_ENOMEM. */
PF_MUST_CHECK int tls_trust_nobody(struct tls_trust **out);
/* One use more; returns it. And one less: the last one frees it. */
struct tls_trust *tls_trust_use(struct tls_trust *trust);
void tls_trust_unuse(struct tls_trust **trust);
/* Do both believe the same authorities? */
bool tls_trust_equal(const struct tls_trust *a, const struct tls_trust *b);

/* "s3cr…=": a pin in base64, as RFC 7858 (4.2) has it. False: it is none. */
bool tls_pin_parse(const char *text, uint8_t pin[TLS_PIN_BYTES]);

/* Zeroed at first. */
struct tls_ticket {
	uint8_t *bytes; /* owned; NULL: none */
	size_t length;
};
void tls_ticket_deinit(struct tls_ticket *ticket);

#endif
