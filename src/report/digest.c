/* SHA-256, see digest.h. */
#include "report/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 65536

struct digest {
	gnutls_hash_hd_t state;
};

struct digest *digest_new(void)
{
	struct digest *digest = calloc(1, sizeof *digest);
	if (digest && gnutls_hash_init(&digest->state, GNUTLS_DIG_SHA256)) {
		free(digest);
		digest = NULL;
	}
	return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	(void)gnutls_hash(digest->state, bytes, length);
}

static void hex(const uint8_t bytes[DIGEST_BYTES], char text[DIGEST_TEXT_MAX])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX])
{
	uint8_t bytes[DIGEST_BYTES] = {0};
	gnutls_hash_hd_t copy = gnutls_hash_copy(digest->state);
	if (copy)
		gnutls_hash_deinit(copy, bytes);
	hex(bytes, text);
}

void digest_free(struct digest **digest)
{
	if (!*digest)
		return;
	gnutls_hash_deinit((*digest)->state, NULL);
	free(*digest);
	*digest = NULL;
}

int digest_file(const char *path, uint64_t *bytes, char text[DIGEST_TEXT_MAX])
{
	static const uint64_t none = 0;
	uint8_t piece[PIECE_BYTES];
	struct digest *digest = digest_new();
	int fd = digest ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t got = fd < 0 ? -1 : 1;
	*bytes = none;
	while (got > 0) {
		got = read(fd, piece, sizeof piece);
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		if (got > 0)
			digest_add(digest, piece, (size_t)got);
		*bytes += got > 0 ? (uint64_t)got : 0;
	}
	int fault = errno;
	if (got == 0)
		digest_text(digest, text);
	if (fd >= 0)
		close(fd);
	digest_free(&digest);
	errno = fault;
	return got == 0 ? PF_OK : PF_EIO;
}

void digest_keyed(const uint8_t key[DIGEST_BYTES], const char *kind, const char *text,
                  uint8_t out[DIGEST_BYTES])
{
	gnutls_hmac_hd_t state;
	memset(out, 0, DIGEST_BYTES);
	if (gnutls_hmac_init(&state, GNUTLS_MAC_SHA256, key, DIGEST_BYTES))
		return;
	(void)gnutls_hmac(state, kind, strlen(kind) + 1);
	(void)gnutls_hmac(state, text, strlen(text));
	gnutls_hmac_deinit(state, out);
}
