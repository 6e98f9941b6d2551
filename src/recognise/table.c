/* Reads the table of recognise.h into one block of text and a sorted array of rows. */
#include "recognise/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 5 /* suffix, vendor, kind, weight, sources */
#define WEIGHT_MAX 20.0

enum { COLUMN_SUFFIX, COLUMN_VENDOR, COLUMN_KIND, COLUMN_WEIGHT, COLUMN_SOURCES };

static int read_text(const char *path, char **out, char error[500])
{
	FILE *file = fopen(path, "rbe");
	if (!file) {
		snprintf(error, 500,
		         "The table of names %s can not be read: %s; it comes with portafilter.", path,
		         strerror(errno));
		return PF_EIO;
	}
	char *text = malloc(TABLE_BYTES_MAX + 1);
	size_t length = text ? fread(text, 1, TABLE_BYTES_MAX + 1, file) : 0;
	int result = !text ? PF_ENOMEM : ferror(file) ? PF_EIO : PF_OK;
	fclose(file);
	if (result == PF_OK && length > TABLE_BYTES_MAX)
		result = PF_EFULL;
	if (result == PF_OK && memchr(text, '\0', length))
		result = PF_EINVAL;
	if (result != PF_OK) {
		free(text);
		snprintf(error, 500, "The table of names %s is not taken: %s.", path,
		         result == PF_EFULL ? "it is larger than any of ours" : pf_strerror(result));
		return result;
	}
	text[length] = '\0';
	*out = text;
	return PF_OK;
}

/* Cuts a line at its tabs. False: there are not as many columns. */
static bool cut(char *line, char *columns[COLUMNS])
{
	size_t count = 0;
	for (char *at = line; at && count < COLUMNS; count++) {
		columns[count] = at;
		at = strchr(at, '\t');
		if (at)
			*at++ = '\0';
		if (!*columns[count] || (count == COLUMNS - 1 && at))
			return false;
	}
	return count == COLUMNS;
}

static bool read_row(char *columns[COLUMNS], struct table_row *row)
{
	char *end;
	*row = (struct table_row){.suffix = columns[COLUMN_SUFFIX],
	                          .kind = columns[COLUMN_KIND],
	                          .sources = columns[COLUMN_SOURCES],
	                          .weight = strtod(columns[COLUMN_WEIGHT], &end)};
	if (!strcmp(row->kind, "-"))
		row->kind = NULL;
	return !*end && end != columns[COLUMN_WEIGHT] && row->weight >= 0 && row->weight <= WEIGHT_MAX;
}

/* The place of a vendor, added when it is new; TABLE_VENDORS_MAX: there is no room. */
static size_t vendor_of(struct recognise *table, const char *name)
{
	size_t i = 0;
	while (i < table->vendor_count && strcmp(table->vendors[i], name))
		i++;
	if (i == table->vendor_count && i < TABLE_VENDORS_MAX)
		table->vendors[table->vendor_count++] = name;
	return i;
}

static int add_line(struct recognise *table, char *line)
{
	char *columns[COLUMNS];
	struct table_row *row = &table->rows[table->row_count];
	if (!*line || *line == '#')
		return PF_OK;
	if (table->row_count == TABLE_ROWS_MAX)
		return PF_EFULL;
	if (!cut(line, columns) || !read_row(columns, row))
		return PF_EINVAL;
	if (!strcmp(columns[COLUMN_VENDOR], "-")) {
		row->vendor = TABLE_SHARED;
	} else {
		size_t vendor = vendor_of(table, columns[COLUMN_VENDOR]);
		if (vendor == TABLE_VENDORS_MAX)
			return PF_EFULL;
		row->vendor = (uint32_t)vendor;
	}
	table->row_count++;
	return PF_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct table_row *left = a, *right = b;
	int order = strcmp(left->suffix, right->suffix);
	return order ? order : (left->vendor > right->vendor) - (left->vendor < right->vendor);
}

static int read_lines(struct recognise *table, const char *path, char error[500])
{
	size_t number = 0;
	for (char *at = table->text; at;) {
		char *line = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = '\0';
		number++;
		int result = add_line(table, line);
		if (result != PF_OK) {
			snprintf(error, 500,
			         result == PF_EFULL
			             ? "%s:%zu: more rows or vendors than any table of ours has."
			             : "%s:%zu: this is no row; a row has a suffix, a vendor, a kind, a weight "
			               "and sources, with tabs between them.",
			         path, number);
			return result;
		}
	}
	qsort(table->rows, table->row_count, sizeof *table->rows, compare_rows);
	for (size_t i = 0; i < table->row_count; i++)
		table->suffix_count += !i || strcmp(table->rows[i - 1].suffix, table->rows[i].suffix);
	return PF_OK;
}

int recognise_load(const char *path, struct recognise **out, char error[500])
{
	struct recognise *table = calloc(1, sizeof *table);
	int result = PF_ENOMEM;
	*out = NULL;
	if (table) {
		table->rows = calloc(TABLE_ROWS_MAX, sizeof *table->rows);
		table->vendors = calloc(TABLE_VENDORS_MAX, sizeof *table->vendors);
	}
	if (table && table->rows && table->vendors)
		result = read_text(path, &table->text, error);
	else
		snprintf(error, 500, "There is no memory for the table of names %s.", path);
	if (result == PF_OK)
		result = read_lines(table, path, error);
	if (result != PF_OK) {
		recognise_free(&table);
		return result;
	}
	*out = table;
	return PF_OK;
}

void recognise_free(struct recognise **table)
{
	if (!*table)
		return;
	free((*table)->text);
	free((*table)->rows);
	free((*table)->vendors);
	free(*table);
	*table = NULL;
}

size_t recognise_suffix_count(const struct recognise *table)
{
	return table->suffix_count;
}

size_t recognise_vendor_count(const struct recognise *table)
{
	return table->vendor_count;
}

static int compare_suffix(const void *key, const void *row)
{
	return strcmp(key, ((const struct table_row *)row)->suffix);
}

const struct table_row *recognise_find(const struct recognise *table, const char *name,
                                       size_t *count)
{
	for (const char *tail = name; tail; tail = strchr(tail, '.'), tail = tail ? tail + 1 : NULL) {
		const struct table_row *row =
			bsearch(tail, table->rows, table->row_count, sizeof *table->rows, compare_suffix);
		if (!row)
			continue;
		while (row > table->rows && !strcmp(row[-1].suffix, tail))
			row--;
		*count = 1;
		while (row + *count < table->rows + table->row_count && !strcmp(row[*count].suffix, tail))
			(*count)++;
		return row;
	}
	return NULL;
}
