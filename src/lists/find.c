/* Which line of a list's file holds a name. The index keeps no line numbers: they would cost as much memory
 * as the names do, and are asked for only when a person wants an explanation. */
#include <string.h>

#include "lists/file.h"

/* The search, and the best line so far. */
struct search {
	const struct dns_name *name;
	struct list_line *line;
	unsigned labels; /* of the best entry; 0: none yet */
	bool excepted;
};

static bool covers(const struct line_item *item, const struct dns_name *name)
{
	if (item->name.labels == name->labels)
		return item->covers & LIST_COVERS_SELF && dns_name_equal(&item->name, name);
	return item->covers & LIST_COVERS_BELOW && dns_name_is_under(name, &item->name);
}

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

static int take(struct list_parser *parser, const struct line_item *item)
{
	struct search *search = parser->data;
	if (!covers(item, search->name))
		return PF_OK;
	if (item->covers & LIST_EXCEPTION) {
		search->excepted = true;
	} else if (item->name.labels > search->labels) {
		search->labels = item->name.labels;
		search->line->number = (unsigned)parser->info->lines;
		keep_text(parser, search->line);
	}
	return PF_OK;
}

int lists_find_line(const char *file, enum list_format format, const struct dns_name *name,
                    struct list_line *line)
{
	struct search search = {.name = name, .line = line};
	int error = list_file_show(file, format, take, &search);
	if (error != PF_OK)
		return error;
	return search.labels && !search.excepted ? PF_OK : PF_ENOENT;
}
