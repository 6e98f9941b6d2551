/* What an export writes, see out.h. */
#define _GNU_SOURCE
#include "report/out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

#define CELL_BYTES_MAX (64u << 10) /* the longest name has 1,020 bytes */

void out_bytes(struct out *out, const void *bytes, size_t length)
{
	fwrite(bytes, 1, length, out->file);
	if (out->digest)
		digest_add(out->digest, bytes, length);
	out->bytes += length;
}

void out_text(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_print(struct out *out, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0)
		out_text(out, text);
	va_end(arguments);
	free(text);
}

void out_safe(struct out *out, const char *text)
{
	struct buffer safe;
	buffer_init(&safe, CELL_BYTES_MAX);
	printable_append(&safe, text);
	if (safe.data)
		out_bytes(out, safe.data, safe.length);
	buffer_deinit(&safe);
}

static int write_json(const char *bytes, size_t length, void *data)
{
	struct out *out = data;
	while (length) {
		/* 0x7f is the one control that JSON lets pass. */
		const char *control = memchr(bytes, 0x7f, length);
		size_t plain = control ? (size_t)(control - bytes) : length;
		out_bytes(out, bytes, plain);
		if (control)
			out_text(out, "\\u007f");
		bytes += plain + (control != NULL);
		length -= plain + (control != NULL);
	}
	return ferror(out->file) ? -1 : 0;
}

bool out_json(struct out *out, json_t *document)
{
	if (!document)
		return false;
	json_dump_callback(document, write_json, out,
	                   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
	json_decref(document);
	return true;
}

static void csv_cell(struct out *out, const char *cell)
{
	struct buffer safe;
	buffer_init(&safe, CELL_BYTES_MAX);
	if (*cell && strchr("=+-@", *cell))
		buffer_append(&safe, "'", 1);
	printable_append(&safe, cell);
	const char *text = safe.data ? safe.data : "";
	if (!text[strcspn(text, ",\"")]) {
		out_text(out, text);
	} else {
		out_text(out, "\"");
		for (const char *c = text; *c; c++)
			out_text(out, *c == '"' ? "\"\"" : (char[]){*c, '\0'});
		out_text(out, "\"");
	}
	buffer_deinit(&safe);
}

void out_csv(struct out *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			out_text(out, ",");
		csv_cell(out, cells[i]);
	}
	out_text(out, "\r\n");
}
