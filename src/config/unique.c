/* The sets of unique.h. */
#include "config/unique.h"

#include <stdlib.h>
#include <string.h>

void unique_add(struct reader *reader, struct unique *unique, const struct node *node,
                const void *key, size_t key_bytes)
{
	if (unique->count == unique->room) {
		size_t room = unique->room ? unique->room * 2 : 64;
		struct unique_entry *grown = realloc(unique->entries, room * sizeof *grown);
		if (!grown) {
			reader->no_memory = true;
			return;
		}
		unique->entries = grown;
		unique->room = room;
	}
	struct unique_entry *entry = &unique->entries[unique->count++];
	*entry = (struct unique_entry){.node = node};
	unique->by_text = !key;
	if (key)
		memcpy(entry->key, key, key_bytes);
}

void unique_add_name(struct reader *reader, struct unique *unique, const struct node *mapping)
{
	const struct node *name = node_find(mapping, "name");
	if (name && name->kind == NODE_SCALAR && *name->text)
		unique_add(reader, unique, name, NULL, 0);
}

static int by_place(const struct unique_entry *a, const struct unique_entry *b)
{
	const struct config_pos *x = &a->node->pos, *y = &b->node->pos;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

static int by_key(const void *a, const void *b)
{
	const struct unique_entry *x = a, *y = b;
	int order = memcmp(x->key, y->key, sizeof x->key);
	return order ? order : by_place(x, y);
}

static int by_text(const void *a, const void *b)
{
	const struct unique_entry *x = a, *y = b;
	int order = strcmp(x->node->text, y->node->text);
	return order ? order : by_place(x, y);
}

void unique_finish(struct reader *reader, struct unique *unique, const char *what)
{
	char show[SHOWN_MAX];
	struct unique_entry *entries = unique->entries;
	if (unique->count > 1)
		qsort(entries, unique->count, sizeof *entries, unique->by_text ? by_text : by_key);
	for (size_t first = 0, i = 1; i < unique->count; i++) {
		bool same = unique->by_text ? !strcmp(entries[first].node->text, entries[i].node->text)
		                            : !memcmp(entries[first].key, entries[i].key, UNIQUE_KEY_MAX);
		if (same)
			tell_error(reader, entries[i].node->pos, "the %s `%s` is given twice; first on line %u",
			           what, shown(entries[i].node->text, show), entries[first].node->pos.line);
		else
			first = i;
	}
	free(entries);
	*unique = (struct unique){0};
}
