/* Private to cli/: text for people. Whatever goes out through here stays in its line: control bytes, line breaks
 * and bidirectional controls that a stranger has put into a name are written as \u{…}. */
#ifndef PF_CLI_TEXT_H
#define PF_CLI_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

/* Columns on a terminal, of safe text: 0 for combining marks, 2 for wide characters. */
size_t cli_width(const char *text);

/* Prints what the format makes, made safe; cli_say ends the line. The format itself holds no line break. */
void cli_put(FILE *out, const char *format, ...) PF_PRINTF(2, 3);
void cli_say(FILE *out, const char *format, ...) PF_PRINTF(2, 3);
/* The same, filled up to `columns`. */
void cli_pad(FILE *out, size_t columns, const char *format, ...) PF_PRINTF(3, 4);
/* A sentence on stderr behind the command's name. */
void cli_complain(const char *format, ...) PF_PRINTF(1, 2);

/* Small texts by value: good to the end of the full expression. */
struct cli_text {
	char bytes[64];
};
struct cli_text cli_number(json_int_t number); /* "1,234,567" */
struct cli_text cli_count(json_int_t number,
                          const char *singular);  /* "1 device", "2,000 devices" */
struct cli_text cli_time(const char *iso);        /* "2026-11-23 20:26:23" */
struct cli_text cli_duration(json_int_t seconds); /* "2 d 3 h", "4 min", "5 s" */

/* Members of an object; "" and 0 for null, nothing, and another type. Strings are borrowed, and not safe. */
const char *cli_string(json_t *object, const char *member);
json_int_t cli_integer(json_t *object, const char *member);

/* The colour of a standing or an action, as an SGR parameter; NULL: none, or no terminal, or NO_COLOR. */
const char *cli_colour(const char *word);
/* "overseas/high", coloured; nothing when there is no standing. */
void cli_put_standing(FILE *out, json_t *object);

/* A document on one line, or indented on a terminal; ASCII only, so that nothing in it moves a cursor. */
void cli_print_json(json_t *document);
/* One line, whatever the output is. */
void cli_print_json_line(json_t *document);

#endif
