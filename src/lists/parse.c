/* The parser of parse.h. */
#include "lists/parse.h"

#include <string.h>

#include "lists/detect.h"
#include "lists/quick.h"

static const char bom[] = "\xef\xbb\xbf";

static int take_into_index(struct list_parser *parser, const struct line_item *item)
{
	const struct list_entry entry = {parser->list, item->covers, 0};
	return list_index_add(parser->data, &item->name, &entry);
}

void list_parser_init(struct list_parser *parser, struct list_index *index, uint16_t list,
                      struct list_info *info)
{
	list_parser_init_with(parser, take_into_index, index, info);
	parser->list = list;
}

void list_parser_init_with(struct list_parser *parser, list_take *take, void *data,
                           struct list_info *info)
{
	parser->take = take;
	parser->data = data;
	parser->info = info;
	parser->list = 0;
	parser->length = 0;
	parser->too_long = false;
}

static void count_skipped(struct list_info *info, enum list_skip reason)
{
	struct list_skipped *skipped = &info->skipped[reason];
	if (skipped->count < LIST_SKIP_EXAMPLES_MAX)
		skipped->example_lines[skipped->count] = (unsigned)info->lines;
	skipped->count++;
}

static int take_name(struct list_parser *parser, const struct line_item *item)
{
	struct list_info *info = parser->info;
	int error = parser->take(parser, item);
	if (error == PF_ECONFLICT)
		count_skipped(info, SKIP_DUPLICATE);
	else if (error != PF_OK)
		return error;
	else if (item->covers & LIST_EXCEPTION)
		info->exceptions++;
	else
		info->names++;
	return PF_OK;
}

static int take_line(struct list_parser *parser, const char *text, size_t length)
{
	struct list_info *info = parser->info;
	struct line line;
	struct line_item item;
	if (!info->lines++ && length >= sizeof bom - 1 && !memcmp(text, bom, sizeof bom - 1)) {
		text += sizeof bom - 1;
		length -= sizeof bom - 1;
	}
	parser->text = text;
	parser->text_length = length;
	if (!parser->too_long && line_quick(text, length, info->format, &item))
		return take_name(parser, &item);
	line_init(&line, text, length, info->format);
	bool too_long = parser->too_long && line.form != LINE_COMMENT;
	parser->too_long = false;
	if (too_long) {
		count_skipped(info, SKIP_TOO_LONG);
		return PF_OK;
	}
	for (size_t count = 0; line_next(&line, &item); count++) {
		int error = PF_OK;
		if (count)
			info->extra_names++;
		switch (item.kind) {
		case ITEM_COMMENT: info->comments++; break;
		case ITEM_SKIP: count_skipped(info, item.reason); break;
		case ITEM_NAME: error = take_name(parser, &item); break;
		}
		if (error != PF_OK)
			return error;
	}
	return PF_OK;
}

/* Keeps a piece of a line as far as it fits. */
static void keep(struct list_parser *parser, const char *bytes, size_t length)
{
	size_t room = LIST_LINE_BYTES_MAX - parser->length;
	if (length > room) {
		length = room;
		parser->too_long = true;
	}
	memcpy(parser->line + parser->length, bytes, length);
	parser->length += length;
}

int list_parser_feed(struct list_parser *parser, const char *bytes, size_t length)
{
	const char *end = bytes + length;
	while (bytes < end) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t piece = (size_t)((stop ? stop : end) - bytes);
		bool whole = stop && !parser->length && !parser->too_long && piece <= LIST_LINE_BYTES_MAX;
		int error = PF_OK;
		if (whole) {
			error = take_line(parser, bytes, piece);
		} else {
			keep(parser, bytes, piece);
			if (stop) {
				error = take_line(parser, parser->line, parser->length);
				parser->length = 0;
			}
		}
		if (error != PF_OK)
			return error;
		bytes = stop ? stop + 1 : end;
	}
	return PF_OK;
}

int list_parser_finish(struct list_parser *parser)
{
	if (!parser->length)
		return PF_OK;
	size_t length = parser->length;
	parser->length = 0;
	return take_line(parser, parser->line, length);
}

int list_parse(struct list_index *index, uint16_t list, struct list_info *info, const char *bytes,
               size_t length)
{
	struct list_parser parser;
	if (info->format == LIST_FORMAT_AUTO)
		info->format = detect_format(bytes, length < DETECT_BYTES_MAX ? length : DETECT_BYTES_MAX);
	list_parser_init(&parser, index, list, info);
	int error = list_parser_feed(&parser, bytes, length);
	return error == PF_OK ? list_parser_finish(&parser) : error;
}

size_t list_info_skipped(const struct list_info *info)
{
	size_t sum = 0;
	for (size_t i = 0; i < SKIP_COUNT; i++)
		sum += info->skipped[i].count;
	return sum;
}
