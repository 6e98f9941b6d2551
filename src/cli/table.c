/* Tables, see table.h. */
#define _GNU_SOURCE
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "cli/text.h"

#define CELL_BYTES_MAX (64u << 10)
#define GAP 2 /* between columns */

struct cell {
	char *text; /* owned; safe */
	const char *colour;
};

struct cli_table {
	size_t columns, count, room;
	bool right[CLI_TABLE_COLUMNS_MAX];
	bool failed;
	struct cell *cells; /* the heads first */
};

struct cli_table *cli_table_new(const char *const *heads, size_t columns)
{
	struct cli_table *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->columns = columns < CLI_TABLE_COLUMNS_MAX ? columns : CLI_TABLE_COLUMNS_MAX;
	for (size_t i = 0; i < table->columns; i++) {
		table->right[i] = heads[i][0] == '>';
		cli_table_cell(table, NULL, "%s", heads[i] + table->right[i]);
	}
	return table;
}

static bool reserve(struct cli_table *table)
{
	if (table->count < table->room)
		return true;
	size_t room = table->room ? table->room * 2 : 64;
	struct cell *grown = realloc(table->cells, room * sizeof *grown);
	if (!grown)
		return false;
	table->cells = grown;
	table->room = room;
	return true;
}

void cli_table_cell(struct cli_table *table, const char *colour, const char *format, ...)
{
	struct buffer safe;
	va_list arguments;
	char *raw = NULL;
	if (!table || table->failed)
		return;
	buffer_init(&safe, CELL_BYTES_MAX);
	va_start(arguments, format);
	int length = vasprintf(&raw, format, arguments);
	va_end(arguments);
	if (length >= 0) {
		printable_append(&safe, raw);
		free(raw);
	}
	buffer_append(&safe, "", 0); /* so that there is a text */
	if (length < 0 || !safe.data || !reserve(table)) {
		table->failed = true;
		buffer_deinit(&safe);
		return;
	}
	table->cells[table->count++] = (struct cell){safe.data, colour};
}

static void print_row(const struct cli_table *table, const struct cell *cells, const size_t *widths,
                      FILE *out)
{
	for (size_t i = 0; i < table->columns; i++) {
		size_t width = cli_width(cells[i].text), fill = widths[i] - width;
		bool last = i + 1 == table->columns;
		if (table->right[i])
			fprintf(out, "%*s", (int)fill, "");
		if (cells[i].colour)
			fprintf(out, "\033[%sm", cells[i].colour);
		fputs(cells[i].text, out);
		if (cells[i].colour)
			fputs("\033[0m", out);
		if (!last)
			fprintf(out, "%*s", (int)(table->right[i] ? GAP : fill + GAP), "");
	}
	fputc('\n', out);
}

int cli_table_print(struct cli_table **table, FILE *out)
{
	struct cli_table *old = *table;
	size_t widths[CLI_TABLE_COLUMNS_MAX] = {0};
	bool failed = !old || old->failed;
	*table = NULL;
	for (size_t i = 0; old && i < old->count; i++) {
		size_t *widest = &widths[i % old->columns], width = cli_width(old->cells[i].text);
		*widest = width > *widest ? width : *widest;
	}
	for (size_t row = 0; old && row + old->columns <= old->count; row += old->columns)
		print_row(old, &old->cells[row], widths, out);
	for (size_t i = 0; old && i < old->count; i++)
		free(old->cells[i].text);
	free(old ? old->cells : NULL);
	free(old);
	if (!failed)
		return PF_OK;
	cli_complain("there is no memory for the whole table; ask for less, with --limit.");
	return PF_ENOMEM;
}
