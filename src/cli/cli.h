/* Private to cli/: what the command was asked, and how its verbs answer. */
#ifndef PF_CLI_CLI_H
#define PF_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* Exit codes, as promised in portafilter(1). */
enum cli_exit {
	CLI_DONE = 0,
	CLI_NO = 1, /* the answer is no: check found errors, no such device, a reload was refused */
	CLI_USAGE = 2,
	CLI_NO_DAEMON = 3,
};

#define CLI_POSITIONAL_MAX 3

/* The command line. All strings are argv's. */
struct cli {
	const char *config; /* -c */
	bool json, help, version;
	const char *verb; /* NULL: none */
	size_t positional_count;
	const char *positional[CLI_POSITIONAL_MAX];
	bool follow, unknown;
	const char *device, *name, *action, *standing, *type, *since, *limit, *format;
};

/* PF_OK, or PF_EINVAL with a sentence on stderr. */
PF_MUST_CHECK int cli_parse(int argc, char **argv, struct cli *cli);

struct cli_verb {
	const char *name;
	const char *synopsis; /* behind "portafilter " */
	const char *summary;
	const char *examples; /* lines, each with its end */
	const char *options;  /* letters of the options that it takes, see args.c */
	size_t positional_min, positional_max;
	int (*run)(const struct cli *cli);
};

/* NULL: no such verb. */
const struct cli_verb *cli_verb_find(const char *name);
/* A verb that the design promises and this version does not have. */
bool cli_verb_is_future(const char *name);
void cli_help(const char *verb); /* NULL: all */

int verb_check(const struct cli *cli);
int verb_status(const struct cli *cli);
int verb_devices(const struct cli *cli);
int verb_log(const struct cli *cli);
int verb_explain(const struct cli *cli);
int verb_endpoints(const struct cli *cli);
int verb_lists(const struct cli *cli);
int verb_reload(const struct cli *cli);
int verb_help(const struct cli *cli);

/* Prints a document as --json does. */
void cli_print_json(json_t *document);

/* Strangers' text made safe for a terminal: control bytes, also those of C1, and bidirectional controls become
 * \u{…}. Returns one of a few static buffers: good until four more calls. */
const char *cli_safe(const char *text);

/* A string, number or true of a JSON object as text; "" for null and nothing. Made safe. */
const char *cli_text(json_t *object, const char *member);
/* 1234567 as "1,234,567"; buffers as above. */
const char *cli_number(json_int_t number);
/* "2026-11-23T20:26:23.123Z" as "2026-11-23 20:26:23". */
const char *cli_time(const char *iso);
/* A standing, coloured where the terminal can. */
const char *cli_standing(const char *standing);

/* Rows of cells, aligned at output. Copies what it is given. */
struct cli_table;
struct cli_table *cli_table_new(size_t columns, const char *const *heads);
void cli_table_add(struct cli_table *table, const char *const *cells);
void cli_table_print(struct cli_table **table); /* to stdout; frees it */

/* One line of RFC 4180. */
void csv_print(const char *const *cells, size_t count);

#endif
