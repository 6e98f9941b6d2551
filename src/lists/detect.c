/* The looks of detect.h. */
#include "lists/detect.h"

#include <string.h>
#include <strings.h>

#include "lists/line.h"

#define PAGE_HEAD_BYTES_MAX 1024 /* <html> stands near the top, behind <?xml …> or a comment */

/* Lines that speak for each format. When two have as many, the more particular one wins. */
enum list_format detect_format(const char *bytes, size_t length)
{
	static const enum list_format preference[] = {
		LIST_FORMAT_ADBLOCK, LIST_FORMAT_RPZ,  LIST_FORMAT_UNBOUND, LIST_FORMAT_DNSMASQ,
		LIST_FORMAT_HOSTS,   LIST_FORMAT_CIDR, LIST_FORMAT_REGEX,
	};
	size_t votes[LIST_FORMAT_COUNT] = {0}, seen = 0;
	const char *at = bytes, *end = bytes + length;
	while (at < end && seen < DETECT_LINES_MAX) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct line line;
		line_init(&line, at, (size_t)((stop ? stop : end) - at), LIST_FORMAT_AUTO);
		seen += line.form != LINE_COMMENT && line.form != LINE_HEADER;
		switch (line.form) {
		case LINE_COMMENT: break;
		case LINE_HEADER:
			votes[LIST_FORMAT_ADBLOCK] += 2;
			break; /* it says so itself, if rules agree */
		case LINE_PLAIN: votes[LIST_FORMAT_PLAIN]++; break;
		case LINE_HOSTS: votes[LIST_FORMAT_HOSTS]++; break;
		case LINE_ADBLOCK: votes[LIST_FORMAT_ADBLOCK]++; break;
		case LINE_DNSMASQ: votes[LIST_FORMAT_DNSMASQ]++; break;
		case LINE_UNBOUND: votes[LIST_FORMAT_UNBOUND]++; break;
		case LINE_REGEX: votes[LIST_FORMAT_REGEX]++; break;
		case LINE_NETWORK: votes[LIST_FORMAT_CIDR]++; break;
		case LINE_ZONE: votes[LIST_FORMAT_RPZ]++; break;
		}
		at = stop ? stop + 1 : end;
	}
	enum list_format best = LIST_FORMAT_PLAIN;
	for (size_t i = PF_COUNT(preference); i-- > 0;)
		if (votes[preference[i]] && votes[preference[i]] >= votes[best])
			best = preference[i];
	return best;
}

static bool contains(const char *bytes, size_t length, const char *word)
{
	size_t word_length = strlen(word);
	for (size_t i = 0; i + word_length <= length; i++)
		if (!strncasecmp(bytes + i, word, word_length))
			return true;
	return false;
}

const char *detect_stranger(const char *bytes, size_t length)
{
	if (length >= 2 && !memcmp(bytes, "\x1f\x8b", 2))
		return "is compressed (gzip), unpack it first";
	if (length >= 4 && !memcmp(bytes, "\x28\xb5\x2f\xfd", 4))
		return "is compressed (zstd), unpack it first";
	if (length >= 4 && !memcmp(bytes, "PK\x03\x04", 4))
		return "is a zip archive, unpack it first";
	if (length >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
		return "is written in UTF-16, convert it to UTF-8";
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		length -= 3;
	}
	while (length && strchr(" \t\r\n", *bytes) && *bytes) {
		bytes++;
		length--;
	}
	if (!length || *bytes != '<')
		return NULL;
	if (length > PAGE_HEAD_BYTES_MAX)
		length = PAGE_HEAD_BYTES_MAX;
	if (contains(bytes, length, "<html") || contains(bytes, length, "<!doctype"))
		return "is a web page, not a list";
	return NULL;
}
