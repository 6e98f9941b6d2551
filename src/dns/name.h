/* Domain names as values: uncompressed wire form in lower case, so that comparing is
 * memcmp and hashing needs no second pass (RFC 1035, 3.1; RFC 4343). */
#ifndef PF_DNS_NAME_H
#define PF_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

#define NAME_WIRE_MAX 255 /* RFC 1035, 2.3.4; the root's byte included */
#define NAME_LABEL_MAX 63
#define NAME_LABELS_MAX 127                   /* labels that fit into 255 bytes */
#define NAME_TEXT_MAX (NAME_WIRE_MAX * 4 + 1) /* every byte as \DDD, and NUL */

struct dns_name {
	uint8_t length; /* bytes of `wire` in use, the root's zero byte included: 1..255 */
	uint8_t labels; /* without the root: 0..127 */
	uint8_t wire[NAME_WIRE_MAX];
};

/* Reads a name at `offset` of a packet, lower-cased. Compression pointers (RFC 1035, 4.1.4)
 * are followed only when `pointers` is set, only backwards, and at most NAME_LABELS_MAX of
 * them. Returns the bytes that it takes at `offset`, or PF_EINVAL. */
PF_MUST_CHECK int dns_name_from_wire(const uint8_t *packet, size_t length, size_t offset,
                                     bool pointers, struct dns_name *name);

/* The same of a name that must not have pointers, and mostly is short: walked once, and copied eight bytes at a time. */
PF_MUST_CHECK int dns_name_from_question(const uint8_t *packet, size_t length, size_t offset,
                                         struct dns_name *name);

/* "www.example.com", with or without the last dot, \. and \DDD understood; "." is the root.
 * ASCII only: Unicode is for those who read people's files (libidn2). PF_EINVAL. */
PF_MUST_CHECK int dns_name_from_text(const char *text, struct dns_name *name);

/* Without the last dot; the root is ".". Everything but letters, digits, '-', '_' and the
 * few harmless signs is escaped as RFC 1035, 5.1 says (\. \\ \" \DDD), so that the text is
 * safe in a line of a log, though not in HTML or a shell. Returns its length. NAME_TEXT_MAX bytes have room for any, NAME_TEXT_ROOM(n) for a name
 * of n bytes. */
#define NAME_TEXT_ROOM(length) (4u * (length) + 16u)
size_t dns_name_to_text(const struct dns_name *name, char *text);
/* The same of bytes that may be a name in wire form, without pointers; 0 when they are none. */
size_t dns_name_bytes_to_text(const uint8_t *wire, size_t length, char text[NAME_TEXT_MAX]);

/* Only the bytes in use. */
static inline void dns_name_copy(struct dns_name *to, const struct dns_name *from)
{
	to->length = from->length;
	to->labels = from->labels;
	memcpy(to->wire, from->wire, from->length);
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

/* Is `name` the same as `parent` or below it? */
bool dns_name_is_under(const struct dns_name *name, const struct dns_name *parent);

#endif
