/* Of quic_client.c: packets that say something else than what libngtcp2 wrote. */
#ifndef PF_QUIC_FORGED_H
#define PF_QUIC_FORGED_H

#include <ngtcp2/ngtcp2_crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What the next packet is to say; libngtcp2 tells its `encrypt` of no connection. */
static struct {
	uint8_t bytes[1200];
	size_t length;
} forged;

static size_t read_hex(uint8_t *bytes, size_t room, const char *hex)
{
	size_t length = 0;
	for (; length < room && isxdigit((unsigned char)hex[0]); hex += 2) {
		const char pair[] = {hex[0], hex[1], '\0'};
		bytes[length++] = (uint8_t)strtoul(pair, NULL, 16);
		if (!hex[1])
			break;
	}
	return length;
}

/* libngtcp2 believes that it has sent what it wrote. */
static int encrypt(uint8_t *out, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key,
                   const uint8_t *text, size_t length, const uint8_t *nonce, size_t nonce_length,
                   const uint8_t *header, size_t header_length)
{
	uint8_t own[1500] = {0};
	if (forged.length && !(*header & 0x80) && length >= forged.length && length <= sizeof own) {
		memcpy(own, forged.bytes, forged.length);
		forged.length = 0;
		text = own;
	}
	return ngtcp2_crypto_encrypt_cb(out, aead, key, text, length, nonce, nonce_length, header,
	                                header_length);
}

#endif
