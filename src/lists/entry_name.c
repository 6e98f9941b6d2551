/* The reader of entry_name.h. */
#define _GNU_SOURCE /* memmem */
#include "lists/entry_name.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

/* 253 letters of four bytes each: nothing longer can become a name. */
#define TEXT_BYTES_MAX 1012

enum letters { LETTERS_PLAIN, LETTERS_UNICODE, LETTERS_OTHER };

static enum letters letters_of(const char *text, size_t length)
{
	enum letters found = LETTERS_PLAIN;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x80)
			found = LETTERS_UNICODE;
		else if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
		         c != '-' && c != '_')
			return LETTERS_OTHER;
	}
	return found;
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

static int read_unicode(const char *text, struct dns_name *name)
{
	char *ascii = NULL;
	if (idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return SKIP_BAD_NAME;
	/* Mapping can bring signs that no name has: U+2100 is "a/c". */
	int result = -1;
	if (letters_of(ascii, strlen(ascii)) != LETTERS_PLAIN)
		result = SKIP_BAD_NAME;
	else if (dns_name_from_text(ascii, name) != PF_OK)
		result = SKIP_BAD_NAME;
	idn2_free(ascii);
	return result;
}

int entry_name_read(const char *text, size_t length, struct dns_name *name)
{
	char copy[TEXT_BYTES_MAX + 1];
	enum letters letters = letters_of(text, length);
	if (letters == LETTERS_OTHER)
		return (int)entry_name_blame(text, length);
	if (!length || length > TEXT_BYTES_MAX)
		return SKIP_BAD_NAME;
	char last = text[length - 1];
	if (last >= '0' && last <= '9' && is_numeric(text, length))
		return SKIP_ADDRESS;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (letters == LETTERS_UNICODE) {
		int reason = read_unicode(copy, name);
		if (reason >= 0)
			return reason;
	} else if (dns_name_from_text(copy, name) != PF_OK) {
		return SKIP_BAD_NAME;
	}
	return name->labels ? -1 : SKIP_BAD_NAME;
}
