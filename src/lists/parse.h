/* A list's bytes into entries: cuts them into lines wherever they are cut into pieces, has each read (line.h,
 * zone.h), hands on what it lists, to the tables or elsewhere, and counts the rest. The memory is that of one
 * line and of the one entry that the next lines may add to. */
#ifndef PF_LISTS_PARSE_H
#define PF_LISTS_PARSE_H

#include "lists/line.h"
#include "lists/lists.h"
#include "lists/tables.h"
#include "lists/zone.h"

struct list_parser;

/* Takes what a line of the list says: ITEM_NAME, ITEM_PATTERN or ITEM_NETWORK. Which line that is stands in
 * parser->number, parser->text and parser->text_length. PF_OK; PF_ECONFLICT when the list has it already;
 * any other error ends the parsing. */
typedef int list_take(struct list_parser *parser, const struct line_item *item);

/* Bytes of a line that are kept while its entry waits for more of the same owner. */
#define LIST_PENDING_TEXT_MAX 512

/* Plain names of the tables that are on their way: each is put when that many others have come, so that nobody waits for its place
 * to come from memory. More would not fit what a processor fetches at once. */
#define LIST_AWAITED_COUNT 16

struct list_awaited {
	struct list_index_place place;
	uint8_t covers;
	unsigned number; /* of the line */
};

struct list_parser {
	list_take *take;
	void *data; /* for `take`: a struct list_tables, unless init_with said something else */
	struct list_info *info; /* counts are added up here; `format` is set by the caller */
	uint16_t list;
	unsigned number; /* of the line whose item is taken */
	const char *text;
	size_t text_length;
	size_t length; /* of `line`: the piece of a line that the next bytes continue */
	bool too_long; /* the line goes on behind the end of `line`: it is dropped */
	bool waiting;  /* `pending` is an entry that more lines may add to */
	unsigned pending_number;
	size_t pending_text_length;
	size_t awaited_first, awaited_last; /* modulo LIST_AWAITED_COUNT */
	struct list_awaited awaited[LIST_AWAITED_COUNT];
	struct line_item pending;
	struct terms pending_terms;
	struct zone_reader zone; /* of LIST_FORMAT_RPZ */
	char pending_text[LIST_PENDING_TEXT_MAX];
	char line[LIST_LINE_BYTES_MAX];
};

/* Into the tables, as the list number `list`. */
void list_parser_init(struct list_parser *parser, struct list_tables *tables, uint16_t list,
                      struct list_info *info);
/* To whoever wants to see the entries. */
void list_parser_init_with(struct list_parser *parser, list_take *take, void *data,
                           struct list_info *info);

/* The next bytes. PF_OK, or what `take` said, PF_ENOMEM or PF_EFULL of the tables: the list can not be used then. */
PF_MUST_CHECK int list_parser_feed(struct list_parser *parser, const char *bytes, size_t length);

/* Instead of bytes: the next record of a response policy zone, which counts as a line. */
PF_MUST_CHECK int list_parser_record(struct list_parser *parser, const struct rpz_record *record);

/* After the last: takes a last line without a newline, and the entry that waits. */
PF_MUST_CHECK int list_parser_finish(struct list_parser *parser);

/* A whole list in memory, with its format detected when info->format is AUTO. */
PF_MUST_CHECK int list_parse(struct list_tables *tables, uint16_t list, struct list_info *info,
                             const char *bytes, size_t length);

/* info: every item of every line is counted once, see struct list_info. */
size_t list_info_skipped(const struct list_info *info);
size_t list_info_taken(const struct list_info *info);

#endif
