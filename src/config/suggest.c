/* Edit distance in its restricted Damerau form: swapped neighbours are the commonest slip. */
#include "config/suggest.h"

#include <stdbool.h>
#include <string.h>

#define BEGINNING_MIN 3 /* letters: fewer begin too many words */

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
	size_t a_length = strnlen(a, SUGGEST_BYTES_MAX), b_length = strnlen(b, SUGGEST_BYTES_MAX);
	if (a_length == SUGGEST_BYTES_MAX || b_length == SUGGEST_BYTES_MAX)
		return SUGGEST_BYTES_MAX;
	size_t rows[3][SUGGEST_BYTES_MAX];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	memset(before, 0, sizeof rows[0]);
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			char left = fold(a[i - 1]), right = fold(b[j - 1]);
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + (left != right));
			if (i > 1 && j > 1 && left == fold(b[j - 2]) && fold(a[i - 2]) == right)
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

static bool is_beginning(const char *word, const char *whole)
{
	size_t length = strlen(word);
	return length >= BEGINNING_MIN && !strncmp(word, whole, length);
}

int suggest_nearest(const char *word, const char *const *words, size_t count)
{
	int nearest = -1;
	size_t best = SUGGEST_BYTES_MAX;
	for (size_t i = 0; i < count; i++) {
		size_t distance = suggest_distance(word, words[i]);
		bool near = distance <= (strlen(words[i]) + 2) / 3 && distance < strlen(word);
		if (distance >= best || (!near && !is_beginning(word, words[i])))
			continue;
		best = distance;
		nearest = (int)i;
	}
	return nearest;
}
