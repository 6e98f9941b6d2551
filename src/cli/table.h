/* Private to cli/: rows of cells, aligned when they are printed. */
#ifndef PF_CLI_TABLE_H
#define PF_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

#define CLI_TABLE_COLUMNS_MAX 16

/* The columns of `heads`, as the first row; a head that begins with '>' is right-aligned, for figures. Never
 * NULL: without memory the table stays empty and cli_table_print says so. */
struct cli_table *cli_table_new(const char *const *heads, size_t columns);

/* The next cell, row by row, made safe. `colour` is an SGR parameter or NULL. */
void cli_table_cell(struct cli_table *table, const char *colour, const char *format, ...)
	PF_PRINTF(3, 4);

/* Prints to `out` and frees it. PF_ENOMEM: rows were lost, which stderr was told. */
PF_MUST_CHECK int cli_table_print(struct cli_table **table, FILE *out);

#endif
