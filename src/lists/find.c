/* Which line of a list's file holds a name. The index keeps no line numbers: they would cost as much memory
 * as the names do, and are asked for only when a person wants an explanation. */
#include <string.h>

#include "lists/file.h"

struct search {
	const struct list_identity *identity;
	struct list_line *line;
};

static void keep_text(const struct list_parser *parser, struct list_line *line)
{
	const char *text = parser->text;
	size_t length = parser->text_length;
	while (length && strchr(" \t\r", text[length - 1]))
		length--;
	while (length && strchr(" \t", *text)) {
		text++;
		length--;
	}
	if (length > LIST_LINE_TEXT_MAX - 1) {
		length = LIST_LINE_TEXT_MAX - 1;
		while (length && (text[length] & 0xc0) == 0x80)
			length--; /* no half of a character */
	}
	for (size_t i = 0; i < length; i++)
		line->text[i] = text[i] ? text[i] : ' ';
	line->text[length] = '\0';
}

/* PF_EFULL ends the reading: the line is found. */
static int take(struct list_parser *parser, const struct line_item *item)
{
	const struct search *search = parser->data;
	if (list_item_identity(item) != search->identity->entry)
		return PF_OK;
	if (item->kind == ITEM_NAME && !(item->covers & search->identity->covers))
		return PF_OK;
	search->line->number = parser->number;
	keep_text(parser, search->line);
	return PF_EFULL;
}

int lists_find_line(const char *file, enum list_format format, const struct list_identity *identity,
                    struct list_line *line)
{
	struct search search = {identity, line};
	int error = list_file_show(file, format, take, &search);
	if (error == PF_EFULL)
		return PF_OK;
	return error == PF_OK ? PF_ENOENT : error;
}
