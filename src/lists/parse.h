/* A list's bytes into names: cuts them into lines wherever they are cut into pieces, has each read (line.h),
 * hands on what it lists, to the name index or elsewhere, and counts the rest. The memory is that of one line. */
#ifndef PF_LISTS_PARSE_H
#define PF_LISTS_PARSE_H

#include "lists/index.h"
#include "lists/line.h"
#include "lists/lists.h"

struct list_parser;

/* Takes one name of the list (item->kind is ITEM_NAME). PF_OK; PF_ECONFLICT when the list has it already;
 * any other error ends the parsing. */
typedef int list_take(struct list_parser *parser, const struct line_item *item);

struct list_parser {
	list_take *take;
	void *data; /* for `take`: a struct list_index, unless init_with said something else */
	struct list_info *info; /* counts are added up here; `format` is set by the caller */
	uint16_t list;
	const char *text; /* the line that is read: its number is info->lines */
	size_t text_length;
	size_t length; /* of `line`: the piece of a line that the next bytes continue */
	bool too_long; /* the line goes on behind the end of `line`: it is dropped */
	char line[LIST_LINE_BYTES_MAX];
};

/* Into the index, as the list number `list`. */
void list_parser_init(struct list_parser *parser, struct list_index *index, uint16_t list,
                      struct list_info *info);
/* To whoever wants to see the names. */
void list_parser_init_with(struct list_parser *parser, list_take *take, void *data,
                           struct list_info *info);

/* The next bytes. PF_OK, or what `take` said, PF_ENOMEM or PF_EFULL of the index: the list can not be used then. */
PF_MUST_CHECK int list_parser_feed(struct list_parser *parser, const char *bytes, size_t length);

/* After the last: takes a last line without a newline. */
PF_MUST_CHECK int list_parser_finish(struct list_parser *parser);

/* A whole list in memory, with its format detected when info->format is AUTO. */
PF_MUST_CHECK int list_parse(struct list_index *index, uint16_t list, struct list_info *info,
                             const char *bytes, size_t length);

/* info: every item of every line is counted once,
 * lines + extra_names == comments + names + exceptions + the sum of skipped. */
size_t list_info_skipped(const struct list_info *info);

#endif
