/* The reader of entry_name.h. */
#define _GNU_SOURCE /* memmem */
#include "lists/entry_name.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

/* 253 letters of four bytes each: nothing longer can become a name. */
#define TEXT_BYTES_MAX 1012

/* What holds for each byte of a text. */
enum letters {
	LETTERS_ALLOWED = 1, /* in names, as people write them */
	LETTERS_ASCII = 2,   /* in names, as DNS has them; only beside ALLOWED */
};
#define PLAIN (LETTERS_ALLOWED | LETTERS_ASCII)

static const uint8_t classes[256] = {
	['-'] = PLAIN, ['.'] = PLAIN,         ['0' ... '9'] = PLAIN,           ['A' ... 'Z'] = PLAIN,
	['_'] = PLAIN, ['a' ... 'z'] = PLAIN, [128 ... 255] = LETTERS_ALLOWED,
};

static unsigned letters_of(const char *text, size_t length)
{
	unsigned all = PLAIN;
	for (size_t i = 0; i < length; i++)
		all &= classes[(unsigned char)text[i]];
	return all;
}

bool entry_name_is_address(const char *text, size_t length, struct addr *addr)
{
	char copy[PREFIX_TEXT_MAX];
	const char *zone = memchr(text, '%', length);
	if (zone)
		length = (size_t)(zone - text);
	if (!length || length >= sizeof copy || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (addr_parse(copy, addr) == PF_OK)
		return true;
	char *slash = strchr(copy, '/');
	if (!slash)
		return false;
	*slash = '\0'; /* host bits do not make it a name */
	return addr_parse(copy, addr) == PF_OK;
}

bool entry_name_is_local(const char *text, size_t length)
{
	static const char *const local[] = {
		"localhost",     "localhost.localdomain",
		"localhost4",    "localhost4.localdomain4",
		"localhost6",    "localhost6.localdomain6",
		"local",         "broadcasthost",
		"ip6-localhost", "ip6-loopback",
		"ip6-localnet",  "ip6-mcastprefix",
		"ip6-allnodes",  "ip6-allrouters",
		"ip6-allhosts",
	};
	if (!length || !strchr("lbiLBI", *text) || !*text) /* what local names begin with */
		return false;
	for (size_t i = 0; i < PF_COUNT(local); i++)
		if (strlen(local[i]) == length && !strncasecmp(local[i], text, length))
			return true;
	return false;
}

static bool has(const char *text, size_t length, const char *part)
{
	return memmem(text, length, part, strlen(part));
}

static bool has_any(const char *text, size_t length, const char *bytes)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] && strchr(bytes, text[i]))
			return true;
	return false;
}

enum list_skip entry_name_blame(const char *text, size_t length)
{
	struct addr addr;
	if (!length)
		return SKIP_BAD_NAME;
	if (entry_name_is_address(text, length, &addr))
		return SKIP_ADDRESS;
	if (has(text, length, "://"))
		return SKIP_COSMETIC;
	if (text[0] == '^' || has_any(text, length, "\\()[]{}+"))
		return SKIP_REGEX;
	if (has_any(text, length, "="))
		return SKIP_SYNTAX; /* dnsmasq's address=/x/, dnscrypt's =x, RPZ … */
	if (has_any(text, length, "/?"))
		return SKIP_COSMETIC;
	if (has_any(text, length, "*"))
		return SKIP_WILDCARD;
	return has_any(text, length, "|^$ \t") ? SKIP_SYNTAX : SKIP_BAD_NAME;
}

/* "1.2.3.4", "1.2.3.4-1.2.3.9", "10.0": digits in the last label, and nothing but digits elsewhere. */
static bool is_numeric(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && text[i] != '.' && text[i] != '-')
			return false;
	return has_any(text, length, ".");
}

static uint8_t lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : (uint8_t)c;
}

/* Of PLAIN letters only. dns_name_from_text would do, but it knows escapes, and it took half of the time in
 * which a million names are loaded. */
static bool read_plain(const char *text, size_t length, struct dns_name *name)
{
	size_t label = 0, at = 1; /* where the label's length stands, and the next byte */
	if (length && text[length - 1] == '.')
		length--;
	if (!length || length > NAME_WIRE_MAX - 2)
		return false;
	name->labels = 0;
	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '.') {
			name->wire[at++] = lower(text[i]);
			continue;
		}
		size_t bytes = at - label - 1;
		if (!bytes || bytes > NAME_LABEL_MAX)
			return false;
		name->wire[label] = (uint8_t)bytes;
		name->labels++;
		label = at++;
	}
	name->wire[label] = 0;
	name->length = (uint8_t)at;
	return true;
}

static bool read_unicode(const char *text, size_t length, struct dns_name *name)
{
	char copy[TEXT_BYTES_MAX + 1], *ascii = NULL;
	if (length > TEXT_BYTES_MAX)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (idn2_to_ascii_8z(copy, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	/* Mapping can bring signs that no name has: U+2100 is "a/c". */
	size_t ascii_length = strlen(ascii);
	bool good = letters_of(ascii, ascii_length) == PLAIN && read_plain(ascii, ascii_length, name);
	idn2_free(ascii);
	return good;
}

int entry_name_read(const char *text, size_t length, struct dns_name *name)
{
	unsigned letters = letters_of(text, length);
	if (!length)
		return SKIP_BAD_NAME;
	if (!(letters & LETTERS_ALLOWED))
		return (int)entry_name_blame(text, length);
	char last = text[length - 1];
	if (last >= '0' && last <= '9' && is_numeric(text, length))
		return SKIP_ADDRESS;
	bool good =
		letters & LETTERS_ASCII ? read_plain(text, length, name) : read_unicode(text, length, name);
	return good ? -1 : SKIP_BAD_NAME;
}
