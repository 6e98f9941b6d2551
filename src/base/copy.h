/* Copies of short bytes whose length is not known when they are compiled, without a call: in pieces that overlap. */
#ifndef PF_BASE_COPY_H
#define PF_BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns what stands behind the copy. `from` may be NULL when there is nothing to copy. */
static inline uint8_t *copy_bytes(uint8_t *out, const void *from, size_t length)
{
	const uint8_t *in = from;
	if (length > 64) {
		memcpy(out, in, length);
	} else if (length >= 32) {
		memcpy(out, in, 32);
		memcpy(out + length - 32, in + length - 32, 32);
	} else if (length >= 16) {
		memcpy(out, in, 16);
		memcpy(out + length - 16, in + length - 16, 16);
	} else if (length >= 8) {
		memcpy(out, in, 8);
		memcpy(out + length - 8, in + length - 8, 8);
	} else if (length >= 4) {
		memcpy(out, in, 4);
		memcpy(out + length - 4, in + length - 4, 4);
	} else {
		for (size_t i = 0; i < length; i++)
			out[i] = in[i];
	}
	return out + length;
}

#endif
