/* Sorting by digits: what rows are ordered by is put together to one number, of which only the bits that differ count. */
#include "journal/sqlite/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FEW 64 /* rows: for these the tables of digits are not worth it */
#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

struct key {
	uint64_t number;
	size_t at; /* where the row stands */
};

/* A pass for each digit of `bits`; returns where the keys stand in order. */
static struct key *sort_keys(struct key *from, struct key *to, size_t count, unsigned bits)
{
	for (unsigned shift = 0; shift < bits; shift += DIGIT_BITS) {
		size_t places[DIGITS] = {0}, place = 0;
		for (size_t i = 0; i < count; i++)
			places[from[i].number >> shift & (DIGITS - 1)]++;
		for (size_t i = 0; i < DIGITS; i++) {
			size_t of_digit = places[i];
			places[i] = place;
			place += of_digit;
		}
		for (size_t i = 0; i < count; i++)
			to[places[from[i].number >> shift & (DIGITS - 1)]++] = from[i];
		struct key *swap = from;
		from = to;
		to = swap;
	}
	return from;
}

struct range {
	int64_t min, max;
	unsigned bits;
};

static void find_ranges(const uint8_t *rows, size_t count, size_t size,
                        void (*parts)(const void *row, int64_t parts[ORDER_PARTS]),
                        struct range ranges[ORDER_PARTS])
{
	int64_t numbers[ORDER_PARTS];
	for (size_t i = 0; i < count; i++) {
		parts(rows + i * size, numbers);
		for (size_t k = 0; k < ORDER_PARTS; k++) {
			if (!i || numbers[k] < ranges[k].min)
				ranges[k].min = numbers[k];
			if (!i || numbers[k] > ranges[k].max)
				ranges[k].max = numbers[k];
		}
	}
	for (size_t k = 0; k < ORDER_PARTS; k++) {
		uint64_t width = (uint64_t)ranges[k].max - (uint64_t)ranges[k].min;
		ranges[k].bits = width ? 64 - (unsigned)__builtin_clzll(width) : 0;
	}
}

static void make_keys(const uint8_t *rows, size_t count, size_t size,
                      void (*parts)(const void *row, int64_t parts[ORDER_PARTS]),
                      const struct range ranges[ORDER_PARTS], struct key *keys)
{
	int64_t numbers[ORDER_PARTS];
	for (size_t i = 0; i < count; i++) {
		parts(rows + i * size, numbers);
		keys[i] = (struct key){.at = i};
		for (size_t k = 0; k < ORDER_PARTS; k++)
			keys[i].number =
				keys[i].number << ranges[k].bits | ((uint64_t)numbers[k] - (uint64_t)ranges[k].min);
	}
}

/* To their places; those with the same number in the order of `compare`. */
static void place(uint8_t *rows, uint8_t *copy, size_t count, size_t size, const struct key *keys,
                  int (*compare)(const void *left, const void *right))
{
	memcpy(copy, rows, count * size);
	for (size_t i = 0; i < count; i++)
		memcpy(rows + i * size, copy + keys[i].at * size, size);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && keys[next].number == keys[i].number;)
			next++;
		if (next - i > 1)
			qsort(rows + i * size, next - i, size, compare);
	}
}

static bool sort_by_digits(uint8_t *rows, size_t count, size_t size,
                           void (*parts)(const void *row, int64_t parts[ORDER_PARTS]),
                           int (*compare)(const void *left, const void *right))
{
	struct range ranges[ORDER_PARTS];
	unsigned bits = 0;
	find_ranges(rows, count, size, parts, ranges);
	for (size_t k = 0; k < ORDER_PARTS; k++)
		bits += ranges[k].bits;
	if (bits > 63)
		return false;
	struct key *keys = malloc(2 * count * sizeof *keys);
	uint8_t *copy = malloc(count * size);
	if (keys && copy) {
		make_keys(rows, count, size, parts, ranges, keys);
		place(rows, copy, count, size, sort_keys(keys, keys + count, count, bits), compare);
	}
	bool sorted = keys && copy;
	free(keys);
	free(copy);
	return sorted;
}

void order_rows(void *rows, size_t count, size_t size,
                void (*parts)(const void *row, int64_t parts[ORDER_PARTS]),
                int (*compare)(const void *left, const void *right))
{
	if (count > FEW && sort_by_digits(rows, count, size, parts, compare))
		return;
	if (count)
		qsort(rows, count, size, compare);
}
