/* Names of name.h: from the wire, from text, to text. Each reader checks both limits (63 bytes a
 * label, 255 a name) before it writes, so that a hostile name ends in PF_EINVAL and nothing else. */
#include "dns/name.h"

#include <string.h>

#include "base/copy.h"
#include "dns/wire.h"

#define LABEL_POINTER 0xc0 /* both top bits: a compression pointer; one alone is reserved */

/* Appends one label as it is; false when the name would be too long with the root's byte behind it. */
static bool append_label(struct dns_name *name, size_t *used, const uint8_t *label, size_t length)
{
	if (*used + 1 + length + 1 > NAME_WIRE_MAX)
		return false;
	name->wire[*used] = (uint8_t)length;
	memcpy(name->wire + *used + 1, label, length);
	*used += 1 + length;
	name->labels++;
	return true;
}

static void finish(struct dns_name *name, size_t used)
{
	name->wire[used] = 0;
	name->length = (uint8_t)(used + 1);
}

/* Eight bytes at once: the eighth bit of each sum says whether the byte is behind 'Z', or not before 'A'. */
static uint64_t lower_word(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t low = word & 0x7f * each;
	uint64_t behind = low + (0x7f - 'Z') * each, reached = low + (0x80 - 'A') * each;
	return word | (~word & (behind ^ reached) & 0x80 * each) >> 2;
}

/* Copies in lower case. Length bytes are at most 63 and so never taken for a letter. */
static void copy_lower(uint8_t *to, const uint8_t *from, size_t length)
{
	uint64_t word;
	size_t at = 0;
	for (; length - at >= sizeof word; at += sizeof word) {
		memcpy(&word, from + at, sizeof word);
		word = lower_word(word);
		memcpy(to + at, &word, sizeof word);
	}
	for (; at < length; at++)
		to[at] = wire_lower(from[at]);
}

static void lower_case(struct dns_name *name)
{
	copy_lower(name->wire, name->wire, name->length);
}

static int read_wire(const uint8_t *packet, size_t length, size_t offset, bool pointers,
                     struct dns_name *name)
{
	size_t used = 0, at = offset;
	size_t segment = offset; /* where the current run of labels began: pointers go below it */
	int taken = 0;           /* bytes at `offset`, known once the first pointer was followed */
	name->labels = 0;
	for (unsigned pointer_count = 0; at < length;) {
		size_t label = packet[at];
		if ((label & LABEL_POINTER) == LABEL_POINTER) {
			if (!pointers || at + 1 >= length || ++pointer_count > NAME_LABELS_MAX)
				return PF_EINVAL;
			if (!taken)
				taken = (int)(at + 2 - offset);
			at = (label & 0x3f) << 8 | packet[at + 1];
			if (at >= segment)
				return PF_EINVAL;
			segment = at;
			continue;
		}
		if (label > NAME_LABEL_MAX)
			return PF_EINVAL;
		if (!label) {
			finish(name, used);
			return taken ? taken : (int)(at + 1 - offset);
		}
		if (label >= length - at)
			return PF_EINVAL;
		if (!append_label(name, &used, packet + at + 1, label))
			return PF_EINVAL;
		at += label + 1;
	}
	return PF_EINVAL;
}

int dns_name_from_question(const uint8_t *packet, size_t length, size_t offset,
                           struct dns_name *name)
{
	size_t at = offset, labels = 0;
	for (;; labels++) {
		if (at >= length || packet[at] > NAME_LABEL_MAX)
			return PF_EINVAL;
		if (!packet[at])
			break;
		at += packet[at] + 1u;
	}
	size_t taken = at + 1 - offset;
	if (taken > NAME_WIRE_MAX)
		return PF_EINVAL;
	name->length = (uint8_t)taken;
	name->labels = (uint8_t)labels;
	copy_lower(name->wire, packet + offset, taken);
	return (int)taken;
}

int dns_name_from_wire(const uint8_t *packet, size_t length, size_t offset, bool pointers,
                       struct dns_name *name)
{
	int taken = read_wire(packet, length, offset, pointers, name);
	if (taken >= 0)
		lower_case(name);
	return taken;
}

int wire_name_as_sent(const uint8_t *packet, size_t length, size_t offset, struct dns_name *name)
{
	return read_wire(packet, length, offset, true, name);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One byte behind a backslash: \DDD or the sign itself. Moves `*text` behind it. */
static int unescape(const char **text, uint8_t *byte)
{
	const char *at = *text;
	if (!is_digit(at[0])) {
		if (at[0] < '!' || at[0] > '~')
			return PF_EINVAL;
		*byte = (uint8_t)at[0];
		*text = at + 1;
		return PF_OK;
	}
	if (!is_digit(at[1]) || !is_digit(at[2]))
		return PF_EINVAL;
	int value = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
	if (value > 255)
		return PF_EINVAL;
	*byte = (uint8_t)value;
	*text = at + 3;
	return PF_OK;
}

/* Reads up to a dot or the end; `*text` then stands on it. Returns the label's length or PF_EINVAL. */
static int label_from_text(const char **text, uint8_t label[NAME_LABEL_MAX])
{
	int length = 0;
	while (**text && **text != '.') {
		char c = *(*text)++;
		uint8_t byte = (uint8_t)c;
		if (c == '\\') {
			if (unescape(text, &byte) != PF_OK)
				return PF_EINVAL;
		} else if (c < '!' || c > '~') {
			return PF_EINVAL;
		}
		if (length == NAME_LABEL_MAX)
			return PF_EINVAL;
		label[length++] = byte;
	}
	return length ? length : PF_EINVAL;
}

int dns_name_from_text(const char *text, struct dns_name *name)
{
	size_t used = 0;
	name->labels = 0;
	if (text[0] == '.' && !text[1]) {
		finish(name, 0);
		return PF_OK;
	}
	do {
		uint8_t label[NAME_LABEL_MAX];
		int length = label_from_text(&text, label);
		if (length < 0)
			return PF_EINVAL;
		if (!append_label(name, &used, label, (size_t)length))
			return PF_EINVAL;
		if (*text == '.')
			text++;
	} while (*text);
	finish(name, used);
	lower_case(name);
	return PF_OK;
}

/* Bytes that stand for themselves in a zone file, a line of a log and a table: small letters, digits and harmless signs (MAC addresses
 * are seen in real names). */
static const bool plain[256] = {
	['-'] = true, ['_'] = true, ['/'] = true,         ['*'] = true,         ['~'] = true,
	['+'] = true, [':'] = true, ['0' ... '9'] = true, ['a' ... 'z'] = true,
};

static size_t escape(uint8_t byte, char *out)
{
	out[0] = '\\';
	if (byte > ' ' && byte <= '~') {
		out[1] = (char)byte;
		return 2;
	}
	out[1] = (char)('0' + byte / 100);
	out[2] = (char)('0' + byte / 10 % 10);
	out[3] = (char)('0' + byte % 10);
	return 4;
}

/* Sixteen bytes that are letters in lower case, digits or '-'? */
#define BLOCK_BYTES 16
typedef uint8_t block __attribute__((vector_size(BLOCK_BYTES)));
static bool block_is_plain(const char *at)
{
	block bytes;
	uint64_t halves[2];
	memcpy(&bytes, at, sizeof bytes);
	block is_plain = (block)((bytes - 'a' <= 'z' - 'a') | (bytes - '0' <= 9) | (bytes == '-'));
	memcpy(halves, &is_plain, sizeof halves);
	return (halves[0] & halves[1]) == UINT64_MAX;
}

/* Nearly all names are plain in that sense, and then their text is their wire form with dots for lengths. `length` is that of the wire form.
 * Returns the text's, 0 of any other name. */
static size_t plain_to_text(const uint8_t *wire, size_t length, char *text)
{
	length -= 2; /* neither the first length nor the root */
	copy_bytes((uint8_t *)text, wire + 1, length);
	memset(text + length, '-', BLOCK_BYTES);
	for (size_t at = wire[0]; at < length; at += wire[at + 1] + 1u)
		text[at] = '-';
	for (size_t at = 0; at < length; at += BLOCK_BYTES)
		if (!block_is_plain(text + at))
			return 0;
	for (size_t at = wire[0]; at < length; at += wire[at + 1] + 1u)
		text[at] = '.';
	text[length] = '\0';
	return length;
}

static size_t to_text(const uint8_t *in, size_t length, char *text)
{
	size_t plain_length = length > 1 ? plain_to_text(in, length, text) : 0;
	if (plain_length)
		return plain_length;
	char *out = text;
	for (uint8_t left = *in++; left; left = *in++) {
		if (out != text)
			*out++ = '.';
		for (const uint8_t *end = in + left; in < end;) {
			while (in < end && plain[*in])
				*out++ = (char)*in++;
			if (in < end)
				out += escape(*in++, out);
		}
	}
	if (out == text)
		*out++ = '.';
	*out = '\0';
	return (size_t)(out - text);
}

size_t dns_name_to_text(const struct dns_name *name, char *text)
{
	return to_text(name->wire, name->length, text);
}

size_t dns_name_bytes_to_text(const uint8_t *wire, size_t length, char text[NAME_TEXT_MAX])
{
	size_t at = 0, max = length < NAME_WIRE_MAX ? length : NAME_WIRE_MAX;
	while (at < max && wire[at]) {
		if (wire[at] > NAME_LABEL_MAX)
			return 0;
		at += 1u + wire[at];
	}
	return at < max ? to_text(wire, at + 1, text) : 0;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->length == b->length && !memcmp(a->wire, b->wire, a->length);
}

bool dns_name_is_under(const struct dns_name *name, const struct dns_name *parent)
{
	if (parent->labels > name->labels || parent->length > name->length)
		return false;
	size_t at = 0;
	for (unsigned skip = name->labels - parent->labels; skip; skip--)
		at += name->wire[at] + 1u;
	return name->length - at == parent->length &&
	       !memcmp(name->wire + at, parent->wire, parent->length);
}
