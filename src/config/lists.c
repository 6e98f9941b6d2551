/* lists: which files hold names, and what rules call them. */
#include <stdlib.h>

#include "config/sections.h"
#include "config/unique.h"

#define LIST_NAME_MAX 128 /* bytes, NUL included: it stands in replies and in the journal */

static void read_name(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	list->name = reader_name(reader, node, "name", LIST_NAME_MAX);
}

static void read_file(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	struct file_identity ignored;
	list->file = reader_path(reader, node, "file");
	if (list->file)
		(void)reader_file_opens(reader, node->pos, "file", list->file, &ignored);
}

static void read_format(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"auto", "plain", "hosts", "adblock"};
	struct config_list *list = target;
	int word = reader_word(reader, node, "format", words, PF_COUNT(words));
	if (word >= 0)
		list->format = (enum list_format)word; /* in the order of the enum */
}

static void read_refresh(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	int64_t ignored;
	reader_duration(reader, node, "refresh", &ignored);
}

enum { FIELD_NAME, FIELD_FILE, FIELD_URL, FIELD_FORMAT, FIELD_REFRESH };
static const struct field fields[] = {
	[FIELD_NAME] = {"name", read_name, true},
	[FIELD_FILE] = {"file", read_file, false},
	[FIELD_URL] = {"url", NULL, false},
	[FIELD_FORMAT] = {"format", read_format, false},
	[FIELD_REFRESH] = {"refresh", read_refresh, false},
};

static void check_source(struct reader *reader, const struct node *item, unsigned seen)
{
	bool file = seen & 1u << FIELD_FILE, url = seen & 1u << FIELD_URL;
	if (!file && url)
		tell_error(
			reader, item->pos,
			"lists are read from files in this version: give `file`, the path of a copy of the `url`");
	else if (!file)
		tell_error(reader, item->pos, "a list needs the key `file`, which is not there");
	else if (url)
		tell_warning(
			reader, item->pos,
			"`url` is not in this version: the list is read from `file` and nobody refreshes it");
	else if (seen & 1u << FIELD_REFRESH)
		tell_warning(reader, item->pos,
		             "`refresh` is not in this version: the file is read again at each reload");
}

void section_lists(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct unique names = {0};
	size_t count = reader_items(reader, node, "lists", LIST_MAX);
	config->lists = reader_alloc(reader, count, sizeof *config->lists);
	if (!config->lists)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_list *list = &config->lists[config->list_count++];
		list->pos = item->pos;
		unsigned seen = reader_mapping(reader, item, "a list", fields, PF_COUNT(fields), list);
		unique_add_name(reader, &names, item);
		if (item->kind == NODE_MAPPING)
			check_source(reader, item, seen);
	}
	unique_finish(reader, &names, "list name");
}
