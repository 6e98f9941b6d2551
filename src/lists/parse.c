/* The parser of parse.h. */
#include "lists/parse.h"

#include <string.h>

#include "lists/detect.h"
#include "lists/marks.h"
#include "lists/quick.h"

static const char bom[] = "\xef\xbb\xbf";

static int take_into_tables(struct list_parser *parser, const struct line_item *item)
{
	return list_tables_add(parser->data, parser->list, item, parser->number);
}

/* Does the parser fill an index, so that plain names can be fetched for? */
static bool fills_index(const struct list_parser *parser)
{
	return parser->take == take_into_tables && !((struct list_tables *)parser->data)->names_known;
}

void list_parser_init(struct list_parser *parser, struct list_tables *tables, uint16_t list,
                      struct list_info *info)
{
	list_parser_init_with(parser, take_into_tables, tables, info);
	parser->list = list;
}

void list_parser_init_with(struct list_parser *parser, list_take *take, void *data,
                           struct list_info *info)
{
	parser->take = take;
	parser->data = data;
	parser->info = info;
	parser->list = 0;
	parser->number = 0;
	parser->length = 0;
	parser->too_long = parser->waiting = false;
	parser->awaited_first = parser->awaited_last = 0;
	zone_reader_init(&parser->zone);
}

/* ---- items --------------------------------------------------------------------------------- */

static void count_skipped(struct list_parser *parser, enum list_skip reason, unsigned number)
{
	struct list_skipped *skipped = &parser->info->skipped[reason];
	if (skipped->count < LIST_SKIP_EXAMPLES_MAX)
		skipped->example_lines[skipped->count] = number;
	skipped->count++;
}

/* Puts the oldest of the names that are on their way. */
static int put_awaited(struct list_parser *parser)
{
	const struct list_awaited *oldest =
		&parser->awaited[parser->awaited_first++ % LIST_AWAITED_COUNT];
	const struct list_entry entry = {.list = parser->list, .covers = oldest->covers};
	struct list_tables *tables = parser->data;
	int error = list_index_put(tables->index, oldest->place, &entry);
	parser->info->names += error == PF_OK;
	if (error != PF_ECONFLICT)
		return error;
	count_skipped(parser, SKIP_DUPLICATE, oldest->number);
	return PF_OK;
}

static int put_all_awaited(struct list_parser *parser)
{
	int error = PF_OK;
	while (error == PF_OK && parser->awaited_first != parser->awaited_last)
		error = put_awaited(parser);
	return error;
}

static int await_name(struct list_parser *parser, const struct line_item *item)
{
	const struct list_tables *tables = parser->data;
	int error = PF_OK;
	if (parser->awaited_last - parser->awaited_first == LIST_AWAITED_COUNT)
		error = put_awaited(parser);
	parser->awaited[parser->awaited_last++ % LIST_AWAITED_COUNT] =
		(struct list_awaited){list_index_fetch(tables->index, &item->name), item->covers,
	                          parser->number};
	return error;
}

static int take_entry(struct list_parser *parser, const struct line_item *item)
{
	struct list_info *info = parser->info;
	int error = put_all_awaited(parser);
	if (error == PF_OK)
		error = parser->take(parser, item);
	if (error == PF_ECONFLICT) {
		count_skipped(parser, SKIP_DUPLICATE, parser->number);
		return PF_OK;
	}
	if (error != PF_OK)
		return error;
	if (item->covers & LIST_EXCEPTION)
		info->exceptions++;
	else if (item->kind == ITEM_NETWORK)
		info->networks++;
	else if (item->kind == ITEM_PATTERN)
		info->patterns++;
	else
		info->names++;
	return PF_OK;
}

/* Hands on the entry that waited, as of the line that it began with. */
static int flush(struct list_parser *parser)
{
	if (!parser->waiting)
		return PF_OK;
	unsigned number = parser->number;
	const char *text = parser->text;
	size_t text_length = parser->text_length;
	parser->waiting = false;
	parser->number = parser->pending_number;
	parser->text = parser->pending_text;
	parser->text_length = parser->pending_text_length;
	int error = take_entry(parser, &parser->pending);
	parser->number = number;
	parser->text = text;
	parser->text_length = text_length;
	return error;
}

static bool same_owner(const struct line_item *a, const struct line_item *b)
{
	if (a->kind != b->kind || a->trigger != b->trigger)
		return false;
	switch (a->kind) {
	case ITEM_NAME:
		/* In unbound's files local-data tells what a zone of that name, and all below it, gets. */
		return dns_name_equal(&a->name, &b->name) &&
		       (a->covers == b->covers || (a->covers == (LIST_COVERS_SELF | LIST_COVERS_BELOW) &&
		                                   b->covers == LIST_COVERS_SELF));
	case ITEM_PATTERN: return !strcmp(a->regex, b->regex);
	case ITEM_NETWORK:
		return a->prefix.length == b->prefix.length && addr_equal(&a->prefix.addr, &b->prefix.addr);
	default: return false;
	}
}

/* More records of the owner that waits. One record that is a rule by itself has no others beside it. */
static int join(struct list_parser *parser, const struct line_item *item)
{
	struct terms *terms = &parser->pending_terms;
	const struct terms *more = item->terms;
	bool open = terms->reply == REPLY_RECORDS || terms->reply == REPLY_NODATA;
	if (!terms->has_reply || !open || !more->has_reply || more->reply != REPLY_RECORDS ||
	    more->record_bytes > sizeof terms->records - terms->record_bytes) {
		bool same = terms->has_reply == more->has_reply && terms->reply == more->reply &&
		            terms->record_bytes == more->record_bytes;
		count_skipped(parser, same ? SKIP_DUPLICATE : SKIP_RECORD, parser->number);
		return PF_OK;
	}
	memcpy(terms->records + terms->record_bytes, more->records, more->record_bytes);
	terms->record_bytes += more->record_bytes;
	terms->reply = REPLY_RECORDS;
	parser->info->joined++;
	return PF_OK;
}

static int gather(struct list_parser *parser, const struct line_item *item)
{
	if (parser->waiting && same_owner(&parser->pending, item))
		return join(parser, item);
	int error = flush(parser);
	if (error != PF_OK)
		return error;
	parser->pending = *item;
	parser->pending.terms = &parser->pending_terms;
	terms_copy(&parser->pending_terms, item->terms);
	parser->pending_number = parser->number;
	parser->pending_text_length =
		parser->text_length < LIST_PENDING_TEXT_MAX ? parser->text_length : LIST_PENDING_TEXT_MAX;
	if (parser->pending_text_length)
		memcpy(parser->pending_text, parser->text, parser->pending_text_length);
	parser->waiting = true;
	return PF_OK;
}

static int take_item(struct list_parser *parser, const struct line_item *item)
{
	switch (item->kind) {
	case ITEM_COMMENT: parser->info->comments++; return PF_OK;
	case ITEM_SKIP: count_skipped(parser, item->reason, parser->number); return PF_OK;
	default: break;
	}
	return item->gathers ? gather(parser, item) : take_entry(parser, item);
}

/* ---- lines --------------------------------------------------------------------------------- */

static int take_zone_line(struct list_parser *parser)
{
	struct line_item item;
	if (zone_read_line(&parser->zone, parser->text, parser->text_length, &item))
		return take_item(parser, &item);
	parser->info->joined++;
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
	parser->number = (unsigned)info->lines;
	parser->text = text;
	parser->text_length = length;
	/* Lines of a zone hang together: none of them is left out. */
	bool unwanted = marks_ask(&info->marks) && info->format != LIST_FORMAT_RPZ &&
	                !marks_fit(&info->marks, text, length);
	item.gathers = false;
	item.terms = NULL;
	item.trigger = TRIGGER_NAME;
	if (!parser->too_long && !unwanted && line_quick(text, length, info->format, &item))
		return fills_index(parser) ? await_name(parser, &item) : take_entry(parser, &item);
	bool too_long = parser->too_long;
	parser->too_long = false;
	if (info->format == LIST_FORMAT_RPZ && !too_long)
		return take_zone_line(parser);
	line_init(&line, text, length, info->format);
	if (too_long && line.form != LINE_COMMENT) {
		count_skipped(parser, SKIP_TOO_LONG, parser->number);
		return PF_OK;
	}
	if (unwanted && line.form != LINE_COMMENT && line.form != LINE_HEADER) {
		count_skipped(parser, SKIP_UNWANTED, parser->number);
		return PF_OK;
	}
	for (size_t count = 0; line_next(&line, &item); count++) {
		if (count)
			info->extra_names++;
		int error = take_item(parser, &item);
		if (error != PF_OK)
			return error;
	}
	return PF_OK;
}

int list_parser_record(struct list_parser *parser, const struct rpz_record *record)
{
	struct line_item item;
	parser->number = (unsigned)++parser->info->lines;
	parser->text = "";
	parser->text_length = 0;
	rpz_read(record, &parser->zone.terms, &item);
	return take_item(parser, &item);
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
	int error = PF_OK;
	if (parser->length || parser->too_long) {
		size_t length = parser->length;
		parser->length = 0;
		error = take_line(parser, parser->line, length);
	}
	if (parser->zone.depth) { /* a parenthesis that never closes */
		parser->zone.depth = 0;
		parser->info->joined--;
		count_skipped(parser, SKIP_RECORD, parser->number);
	}
	if (error == PF_OK)
		error = flush(parser);
	return error == PF_OK ? put_all_awaited(parser) : error;
}

int list_parse(struct list_tables *tables, uint16_t list, struct list_info *info, const char *bytes,
               size_t length)
{
	struct list_parser parser;
	if (info->format == LIST_FORMAT_AUTO)
		info->format = detect_format(bytes, length < DETECT_BYTES_MAX ? length : DETECT_BYTES_MAX);
	list_parser_init(&parser, tables, list, info);
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

size_t list_info_taken(const struct list_info *info)
{
	return info->names + info->patterns + info->networks + info->exceptions;
}
