/* What a stranger puts into the path of DNS over HTTPS: what is taken for a label is one, what is taken for a message stands within the
 * path, and its bytes, coded again, are what was sent. */
#include <stdlib.h>
#include <string.h>

#include "net/doh.h"

#define BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_code(const char *text, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t *bytes = malloc(length / 4 * 3 + 3);
	size_t count = 0, at = 0;
	if (bytes && doh_decode(text, length, bytes, &count)) {
		uint32_t bits = 0;
		unsigned held = 0;
		for (size_t i = 0; i < count; i++) {
			bits = (bits << 8 | bytes[i]) & 0xffff;
			held += 8;
			for (; held >= 6; held -= 6)
				if (at == length || text[at++] != digits[bits >> (held - 6) & 63])
					abort();
		}
		if (held && (at == length || text[at++] != digits[bits << (6 - held) & 63]))
			abort();
		if (at != length)
			abort();
	}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct doh_target target;
	if (size > BYTES_MAX)
		return 0;
	const char *path = (const char *)data;
	check_code(path, size);
	if (!doh_target_read(path, size, &target))
		return 0;
	if (memcmp(path, DOH_PATH, sizeof DOH_PATH - 1) ||
	    strspn(target.label, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(target.label))
		abort();
	if (target.has_message &&
	    (target.message < path || target.message + target.message_length > path + size))
		abort();
	if (target.has_message)
		check_code(target.message, target.message_length);
	return 0;
}
