/* Text for people, see text.h. */
#define _GNU_SOURCE
#include "cli/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digits.h"
#include "base/printable.h"

#define LINE_BYTES_MAX (64u << 10) /* of one line; the longest name has 1,020 bytes */

size_t cli_width(const char *text)
{
	static const struct printable_range combining[] = {
		{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
		{0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
		{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};
	static const struct printable_range wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97f},
		{0xac00, 0xd7a3}, {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
		{0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};
	size_t width = 0;
	while (*text) {
		size_t length;
		unsigned character = printable_decode(text, &length);
		if (printable_is_within(character, wide, PF_COUNT(wide)))
			width += 2;
		else if (!printable_is_within(character, combining, PF_COUNT(combining)))
			width++;
		text += length ? length : 1;
	}
	return width;
}

/* ---- printing ---------------------------------------------------------------------------- */

/* Prints and returns the width. */
static size_t put(FILE *out, const char *format, va_list arguments)
{
	struct buffer safe;
	char *raw = NULL;
	size_t width = 0;
	buffer_init(&safe, LINE_BYTES_MAX);
	if (vasprintf(&raw, format, arguments) >= 0) {
		printable_append(&safe, raw);
		free(raw);
	}
	if (safe.data) {
		fputs(safe.data, out);
		width = cli_width(safe.data);
	}
	buffer_deinit(&safe);
	return width;
}

void cli_put(FILE *out, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(out, format, arguments);
	va_end(arguments);
}

void cli_say(FILE *out, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(out, format, arguments);
	va_end(arguments);
	fputc('\n', out);
}

void cli_pad(FILE *out, size_t columns, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t width = put(out, format, arguments);
	va_end(arguments);
	fprintf(out, "%*s", width < columns ? (int)(columns - width) : 0, "");
}

void cli_complain(const char *format, ...)
{
	va_list arguments;
	fputs("portafilter: ", stderr);
	va_start(arguments, format);
	put(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* ---- small texts ------------------------------------------------------------------------- */

struct cli_text cli_number(json_int_t number)
{
	struct cli_text out;
	digits_format(number, out.bytes);
	return out;
}

struct cli_text cli_count(json_int_t number, const char *singular)
{
	struct cli_text out;
	snprintf(out.bytes, sizeof out.bytes, "%.32s %.24s%s", cli_number(number).bytes, singular,
	         number == 1 ? "" : "s");
	return out;
}

struct cli_text cli_time(const char *iso)
{
	struct cli_text out;
	snprintf(out.bytes, sizeof out.bytes, "%.19s", iso ? iso : "");
	if (strlen(out.bytes) > 10 && out.bytes[10] == 'T')
		out.bytes[10] = ' ';
	return out;
}

struct cli_text cli_duration(json_int_t seconds)
{
	struct cli_text out;
	long long s = seconds > 0 ? seconds : 0, minutes = s / 60, hours = s / 3600, days = s / 86400;
	if (days)
		snprintf(out.bytes, sizeof out.bytes, "%lld d %lld h", days, hours % 24);
	else if (hours)
		snprintf(out.bytes, sizeof out.bytes, "%lld h %lld min", hours, minutes % 60);
	else if (minutes)
		snprintf(out.bytes, sizeof out.bytes, "%lld min", minutes);
	else
		snprintf(out.bytes, sizeof out.bytes, "%lld s", s);
	return out;
}

const char *cli_string(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "";
}

json_int_t cli_integer(json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- colours ----------------------------------------------------------------------------- */

const char *cli_colour(const char *word)
{
	static const char *const colours[][2] = {{"home", "32"},     {"overseas", "31"},
	                                         {"disputed", "35"}, {"indeterminate", "35"},
	                                         {"sinkhole", "31"}, {"flag", "33"}};
	const char *no_color = getenv("NO_COLOR");
	if (!isatty(STDOUT_FILENO) || (no_color && *no_color))
		return NULL;
	for (size_t i = 0; i < PF_COUNT(colours); i++)
		if (!strcmp(word, colours[i][0]))
			return colours[i][1];
	return NULL;
}

void cli_put_standing(FILE *out, json_t *object)
{
	const char *standing = cli_string(object, "standing");
	const char *confidence = cli_string(object, "confidence"), *colour = cli_colour(standing);
	if (!*standing)
		return;
	if (colour)
		fprintf(out, "\033[%sm", colour);
	cli_put(out, "%s", standing);
	if (colour)
		fputs("\033[0m", out);
	cli_put(out, "%s%s", *confidence ? "/" : "", confidence);
}

/* ---- formats for programs ---------------------------------------------------------------- */

static int write_json(const char *bytes, size_t length, void *data)
{
	FILE *out = data;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == 0x7f) /* the one control that JSON lets pass */
			fputs("\\u007f", out);
		else
			putc(bytes[i], out);
	}
	return ferror(out) ? -1 : 0;
}

void cli_print_json(json_t *document)
{
	size_t layout = isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;
	json_dump_callback(document, write_json, stdout, layout | JSON_ENSURE_ASCII);
	putchar('\n');
}

void cli_print_json_line(json_t *document)
{
	json_dump_callback(document, write_json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
}
