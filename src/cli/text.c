/* Text for terminals: strangers' names made harmless, numbers and times made readable, rows aligned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/cli.h"

#define BUFFERS 16 /* rows have fewer cells */
#define TEXT_BYTES 4096
#define COLUMNS_MAX 16 /* of a table */

static char *next_buffer(void)
{
	static char buffers[BUFFERS][TEXT_BYTES]; /* one thread, and rows are printed at once */
	static unsigned next;
	return buffers[next++ % BUFFERS];
}

/* Decodes one character; what is not UTF-8 comes back as its byte, of length 1 and `valid` false. */
static unsigned decode(const char *text, size_t *length, bool *valid)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned size = *c < 0x80         ? 1
	                : (*c >> 5) == 6  ? 2
	                : (*c >> 4) == 14 ? 3
	                : (*c >> 3) == 30 ? 4
	                                  : 0;
	unsigned value = size == 1 ? *c : size ? *c & (0x7fu >> size) : *c;
	*valid = size > 0;
	*length = 1;
	for (unsigned i = 1; i < size; i++) {
		if ((c[i] & 0xc0) != 0x80) {
			*valid = false;
			return *c;
		}
		value = value << 6 | (c[i] & 0x3fu);
	}
	if (size)
		*length = size;
	return value;
}

static bool is_harmful(unsigned character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x061c ||
	       (character >= 0x200e && character <= 0x200f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

const char *cli_safe(const char *text)
{
	char *out = next_buffer();
	size_t used = 0;
	while (text && *text && used < TEXT_BYTES - 16) {
		size_t length;
		bool valid;
		unsigned character = decode(text, &length, &valid);
		if (!valid || is_harmful(character)) {
			used += (size_t)snprintf(out + used, TEXT_BYTES - used, "\\u{%x}", character);
		} else {
			memcpy(out + used, text, length);
			used += length;
		}
		text += length;
	}
	out[used] = '\0';
	return out;
}

const char *cli_number(json_int_t number)
{
	char digits[32], *out = next_buffer();
	size_t length = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number), used = 0;
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

const char *cli_text(json_t *object, const char *member)
{
	json_t *value = json_object_get(object, member);
	if (json_is_string(value))
		return cli_safe(json_string_value(value));
	if (json_is_integer(value)) {
		char *out = next_buffer();
		snprintf(out, TEXT_BYTES, "%lld", (long long)json_integer_value(value));
		return out;
	}
	return json_is_true(value) ? "yes" : "";
}

const char *cli_time(const char *iso)
{
	char *out = next_buffer();
	snprintf(out, TEXT_BYTES, "%.19s", iso ? cli_safe(iso) : "");
	char *middle = strchr(out, 'T');
	if (middle)
		*middle = ' ';
	return out;
}

static bool is_colourful(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

const char *cli_standing(const char *standing)
{
	static const char *const colours[][2] = {{"home", "32"},
	                                         {"overseas", "31"},
	                                         {"disputed", "35"},
	                                         {"indeterminate", "35"}};
	char *out = next_buffer();
	for (size_t i = 0; is_colourful() && i < PF_COUNT(colours); i++) {
		if (strcmp(standing, colours[i][0]))
			continue;
		snprintf(out, TEXT_BYTES, "\033[%sm%s\033[0m", colours[i][1], standing);
		return out;
	}
	snprintf(out, TEXT_BYTES, "%s", standing);
	return out;
}

void cli_print_json(json_t *document)
{
	json_dumpf(document, stdout, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}

/* ---- tables ------------------------------------------------------------------------------ */

struct cli_table {
	size_t columns, count, room;
	char **cells; /* the heads first */
};

/* Columns on a terminal: characters, colours not counted. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	while (*text) {
		size_t length;
		bool valid;
		if (*text == '\033') {
			while (*text && *text != 'm')
				text++;
			text += *text != '\0';
			continue;
		}
		decode(text, &length, &valid);
		text += length;
		width++;
	}
	return width;
}

void cli_table_add(struct cli_table *table, const char *const *cells)
{
	if (!table)
		return;
	if (table->count + table->columns > table->room) {
		size_t room = (table->room + table->columns) * 2;
		char **grown = realloc(table->cells, room * sizeof *grown);
		if (!grown)
			return;
		table->cells = grown;
		table->room = room;
	}
	for (size_t i = 0; i < table->columns; i++)
		table->cells[table->count++] = strdup(cells[i]);
}

struct cli_table *cli_table_new(size_t columns, const char *const *heads)
{
	struct cli_table *table = columns <= COLUMNS_MAX ? calloc(1, sizeof *table) : NULL;
	if (table) {
		table->columns = columns;
		cli_table_add(table, heads);
	}
	return table;
}

static void print_row(char *const *cells, const size_t *widths, size_t columns)
{
	for (size_t column = 0; column < columns; column++) {
		const char *cell = cells[column] ? cells[column] : "";
		bool last = column + 1 == columns;
		printf("%s%*s", cell, last ? 0 : (int)(widths[column] - width_of(cell) + 2), "");
	}
	putchar('\n');
}

void cli_table_print(struct cli_table **table)
{
	struct cli_table *old = *table;
	size_t widths[COLUMNS_MAX] = {0};
	*table = NULL;
	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++) {
		size_t *width = &widths[i % old->columns],
			   here = old->cells[i] ? width_of(old->cells[i]) : 0;
		*width = here > *width ? here : *width;
	}
	for (size_t row = 0; row < old->count; row += old->columns)
		print_row(&old->cells[row], widths, old->columns);
	for (size_t i = 0; i < old->count; i++)
		free(old->cells[i]);
	free(old->cells);
	free(old);
}

void csv_print(const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			putchar(',');
		if (!cells[i][strcspn(cells[i], ",\"\r\n")]) {
			fputs(cells[i], stdout);
			continue;
		}
		putchar('"');
		for (const char *c = cells[i]; *c; c++) {
			if (*c == '"')
				putchar('"');
			putchar(*c);
		}
		putchar('"');
	}
	fputs("\r\n", stdout);
}
