/* A list's bytes into the name index: cuts them into lines wherever they are cut into pieces, has each
 * read (line.h), adds what it lists and counts the rest. The memory is that of one line. */
#ifndef PF_LISTS_PARSE_H
#define PF_LISTS_PARSE_H

#include "lists/index.h"
#include "lists/lists.h"

struct list_parser {
	struct list_index *index;
	struct list_info *info; /* counts are added up here; `format` is set by the caller */
	uint16_t list;
	size_t length; /* of `line`: the piece of a line that the next bytes continue */
	bool too_long; /* the line goes on behind the end of `line`: it is dropped */
	char line[LIST_LINE_BYTES_MAX];
};

void list_parser_init(struct list_parser *parser, struct list_index *index, uint16_t list,
                      struct list_info *info);

/* The next bytes. PF_OK, or PF_ENOMEM or PF_EFULL of the index: the list can not be used then. */
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
