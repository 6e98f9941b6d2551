/* Digests (SHA-256 of GnuTLS): of what an export was made from, and of those who must not be named in it. */
#ifndef PF_REPORT_DIGEST_H
#define PF_REPORT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DIGEST_BYTES 32
#define DIGEST_TEXT_MAX (2 * DIGEST_BYTES + 1)

struct digest; /* of bytes that come piece by piece */

/* NULL without memory. */
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);
/* Of what was added so far, as hex digits. */
void digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX]);
void digest_free(struct digest **digest);

/* Of a file. PF_EIO: errno says why. */
PF_MUST_CHECK int digest_file(const char *path, uint64_t *bytes, char text[DIGEST_TEXT_MAX]);

/* Keyed (HMAC), of a kind of thing and its name: the same name as two kinds has two digests. */
void digest_keyed(const uint8_t key[DIGEST_BYTES], const char *kind, const char *text,
                  uint8_t out[DIGEST_BYTES]);

#endif
