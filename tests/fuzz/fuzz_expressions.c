/* Fuzzes what reads expressions: our reader of one (the input is the expression, up to a newline, and a text behind it), held
 * against the sieve that looks for its needle first, and the reader of the file that keeps compiled ones (the input stamped as
 * right, behind a header). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists/expressions.h"
#include "match/expression.h"
#include "match/sieve.h"

#define TEXT_BYTES_MAX 255

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_expressions: %s\n", what);
	abort();
}

static void found(void *data, size_t number)
{
	demand(number == 0, "an expression that there is not");
	++*(unsigned *)data;
}

static void try_text(const struct expression *expression, const char *bytes, size_t length)
{
	char text[TEXT_BYTES_MAX + 2 + SIEVE_PADDING] = {TEXT_BEGIN};
	uint32_t rounds[1] = {0};
	const struct sieve_marks marks = {1, rounds};
	unsigned count = 0;
	struct sieve *sieve = sieve_new();
	length = length < TEXT_BYTES_MAX ? length : TEXT_BYTES_MAX;
	for (size_t i = 0; i < length; i++)
		text[i + 1] = (char)((uint8_t)bytes[i] > TEXT_END ? bytes[i] : 'a');
	text[length + 1] = TEXT_END;
	demand(sieve && sieve_add(sieve, expression) == PF_OK && sieve_seal(sieve) == PF_OK,
	       "no memory");
	sieve_scan(sieve, &marks, text, length + 2, found, &count);
	if (!sieve_is_loose(sieve, 0))
		demand(count == sieve_run(sieve, 0, text, length + 2), "the sieve lets one through");
	demand(!expression->matches_all || sieve_run(sieve, 0, text, length + 2), "not all match");
	sieve_free(&sieve);
}

static void read_expression(const uint8_t *data, size_t size)
{
	struct expression expression;
	const char *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - (const char *)data) : size;
	char *text = malloc(length + 1);
	demand(text, "no memory");
	memcpy(text, data, length);
	text[length] = '\0';
	if (expression_read(&expression, text)) {
		demand(expression.count <= EXPRESSION_POSITIONS_MAX, "more positions than there can be");
		try_text(&expression, (const char *)data + length, size - length);
	}
	free(text);
}

static void read_file(const uint8_t *data, size_t size)
{
	struct expressions kept;
	char why[OWN_FILE_WHY_MAX];
	size_t whole = EXPRESSIONS_HEADER_BYTES + size;
	uint8_t *bytes = calloc(1, whole);
	demand(bytes, "no memory");
	memcpy(bytes + 80, data, size < 1 ? 0 : 1); /* how many pieces it has */
	memcpy(bytes + EXPRESSIONS_HEADER_BYTES, data, size);
	expressions_stamp(bytes, whole);
	if (expressions_read(&kept, bytes, whole, why) == PF_OK)
		for (size_t i = 0; i < kept.count; i++) {
			const uint8_t *piece = kept.pieces[i].bytes;
			demand(piece >= bytes && kept.pieces[i].length <= (size_t)(bytes + whole - piece),
			       "a piece lies outside of the file");
		}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_expression(data, size);
	read_file(data, size);
	return 0;
}
