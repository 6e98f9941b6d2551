/* The forms of rows.h: text for the queries, so that plain SQL can read them; for the kinds differences of seven bits a byte. */
#include "journal/sqlite/rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- queries ----------------------------------------------------------------------------- */

/* 00 to 99. */
static const char pairs[200] =
	"00010203040506070809101112131415161718192021222324252627282930313233"
	"34353637383940414243444546474849505152535455565758596061626364656667"
	"6869707172737475767778798081828384858687888990919293949596979899";

static char *write_number(char *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;
	for (; number > 99; number /= 100)
		memcpy(&digits[at -= 2], &pairs[number % 100 * 2], 2);
	if (number > 9)
		memcpy(&digits[at -= 2], &pairs[number * 2], 2);
	else
		digits[--at] = (char)('0' + number);
	memcpy(out, &digits[at], sizeof digits - at);
	return out + sizeof digits - at;
}

size_t rows_write(char *out, const struct rows_entry *entry)
{
	char *at = out;
	uint32_t after_ms = entry->after_ms;
	*at++ = '"';
	for (int i = 4; i >= 0; i -= 2, after_ms /= 100)
		memcpy(&at[i], &pairs[after_ms % 100 * 2], 2);
	at = write_number(at + 6, (uint64_t)entry->kind);
	*at++ = '.';
	at = write_number(at, entry->took_us);
	*at++ = '"';
	*at++ = ',';
	return (size_t)(at - out);
}

void rows_begin(struct rows *rows, const char *text, size_t length)
{
	*rows = (struct rows){text, text + length};
	if (length && *text == '[')
		rows->at++;
	else
		rows->at = rows->end;
}

/* Digits up to something else; false when there are none, or too many. */
static bool read_number(struct rows *rows, uint64_t *number)
{
	const char *begin = rows->at;
	*number = 0;
	while (rows->at < rows->end && *rows->at >= '0' && *rows->at <= '9' && rows->at - begin < 19)
		*number = *number * 10 + (uint64_t)(*rows->at++ - '0');
	return rows->at != begin;
}

static bool read_character(struct rows *rows, char wanted)
{
	return rows->at < rows->end && *rows->at++ == wanted;
}

static bool read_entry(struct rows *rows, struct rows_entry *entry)
{
	uint64_t number = 0;
	if (!read_character(rows, '"'))
		return false;
	*entry = (struct rows_entry){0};
	if (rows->at < rows->end && *rows->at == '"') {
		rows->at++;
		return true;
	}
	if (rows->end - rows->at < 6)
		return false;
	for (int i = 0; i < 6; i++) {
		char digit = *rows->at++;
		if (digit < '0' || digit > '9')
			return false;
		entry->after_ms = entry->after_ms * 10 + (uint32_t)(digit - '0');
	}
	if (!read_number(rows, &number) || number > INT64_MAX || !read_character(rows, '.'))
		return false;
	entry->kind = (int64_t)number;
	if (!read_number(rows, &number) || number > UINT32_MAX)
		return false;
	entry->took_us = (uint32_t)number;
	return read_character(rows, '"');
}

bool rows_next(struct rows *rows, struct rows_entry *entry)
{
	if (rows->at >= rows->end)
		return false;
	bool more = read_entry(rows, entry) && rows->at < rows->end;
	if (!more || *rows->at++ != ',')
		rows->at = rows->end; /* the last one, or no list */
	return more;
}

/* ---- kinds ------------------------------------------------------------------------------- */

#define DIGIT_BITS 8
#define DIGITS (1u << DIGIT_BITS)

/* By one digit after the other, the lowest first: a thousand kinds by comparing took a fifth of all that a query costs the writer. */
static void sort_kinds(int64_t *kinds, size_t count)
{
	int64_t other[KINDS_MAX], *from = kinds, *to = other;
	uint64_t all = 0;
	for (size_t i = 0; i < count; i++)
		all |= (uint64_t)kinds[i];
	for (unsigned shift = 0; shift < 64 && all >> shift; shift += DIGIT_BITS) {
		uint16_t places[DIGITS] = {0}, place = 0;
		for (size_t i = 0; i < count; i++)
			places[(uint64_t)from[i] >> shift & (DIGITS - 1)]++;
		for (size_t i = 0; i < DIGITS; i++) {
			uint16_t of_digit = places[i];
			places[i] = place;
			place = (uint16_t)(place + of_digit);
		}
		for (size_t i = 0; i < count; i++)
			to[places[(uint64_t)from[i] >> shift & (DIGITS - 1)]++] = from[i];
		int64_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != kinds)
		memcpy(kinds, from, count * sizeof *kinds);
}

size_t kinds_write(int64_t *kinds, size_t count, uint8_t *out)
{
	uint8_t *at = out;
	uint64_t before = 0;
	sort_kinds(kinds, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t step = (uint64_t)kinds[i] - before;
		if (!step)
			continue;
		before = (uint64_t)kinds[i];
		for (; step >= 0x80; step >>= 7)
			*at++ = (uint8_t)(step | 0x80);
		*at++ = (uint8_t)step;
	}
	return (size_t)(at - out);
}

void kinds_begin(struct kinds *kinds, const void *bytes, size_t length)
{
	*kinds = (struct kinds){.at = bytes, .end = (const uint8_t *)bytes + length};
}

bool kinds_next(struct kinds *kinds, int64_t *kind)
{
	uint64_t step = 0;
	for (unsigned shift = 0; kinds->at < kinds->end && shift < 63; shift += 7) {
		uint8_t byte = *kinds->at++;
		step |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		kinds->kind += step;
		*kind = (int64_t)kinds->kind;
		return true;
	}
	return false;
}
