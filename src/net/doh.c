/* Paths and base64url of strangers, see doh.h. */
#include "net/doh.h"

#include <string.h>

static bool is_label(const char *text, size_t length)
{
	if (!length || length >= DEVICE_LABEL_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		            (c == '-' && i && i + 1 < length);
		if (!good)
			return false;
	}
	return true;
}

/* The value of the parameter `dns`, the first when there are several. */
static void find_message(const char *query, size_t length, struct doh_target *target)
{
	static const char key[] = "dns=";
	size_t at = 0;
	while (at < length && !target->has_message) {
		const char *end = memchr(query + at, '&', length - at);
		size_t part = end ? (size_t)(end - query) - at : length - at;
		if (part >= sizeof key - 1 && !memcmp(query + at, key, sizeof key - 1)) {
			target->has_message = true;
			target->message = query + at + sizeof key - 1;
			target->message_length = part - (sizeof key - 1);
		}
		at += part + 1;
	}
}

bool doh_target_read(const char *path, size_t length, struct doh_target *target)
{
	static const char prefix[] = DOH_PATH;
	const size_t prefix_length = sizeof prefix - 1;
	const char *query = memchr(path, '?', length);
	size_t path_length = query ? (size_t)(query - path) : length;
	memset(target, 0, sizeof *target);
	if (path_length < prefix_length || memcmp(path, prefix, prefix_length))
		return false;
	if (path_length > prefix_length) {
		const char *label = path + prefix_length + 1;
		size_t label_length = path_length - prefix_length - 1;
		if (path[prefix_length] != '/' || !is_label(label, label_length))
			return false;
		for (size_t i = 0; i < label_length; i++)
			target->label[i] =
				(char)(label[i] >= 'A' && label[i] <= 'Z' ? label[i] | 0x20 : label[i]);
	}
	if (query)
		find_message(query + 1, length - path_length - 1, target);
	return true;
}

static int value_of(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '-'             ? 62
	       : c == '_'             ? 63
	                              : -1;
}

bool doh_decode(const char *text, size_t length, uint8_t *out, size_t *out_length)
{
	uint32_t bits = 0;
	unsigned count = 0;
	*out_length = 0;
	for (size_t i = 0; i < length; i++) {
		int value = value_of(text[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		out[(*out_length)++] = (uint8_t)(bits >> count);
	}
	/* What is left of the last byte must be nothing. */
	return count < 6 && !(bits & ((1u << count) - 1));
}
