/* Lists and mappings of reader.h. */
#include "config/reader.h"

#include <stdio.h>
#include <string.h>

size_t reader_list(struct reader *reader, const struct node *node, const struct list_shape *shape)
{
	if (node->kind != NODE_LIST)
		return reader_text(reader, node, shape->key, shape->wanted) ? 1 : 0;
	if (!node->count && !shape->may_be_empty)
		tell_error(reader, node->pos, "`%s` is an empty list; it must be %s", shape->key,
		           shape->wanted);
	if (node->count <= shape->max)
		return node->count;
	tell_error(reader, node->pos, "`%s` has %zu items, but at most %zu are possible", shape->key,
	           node->count, shape->max);
	return 0;
}

const struct node *reader_first(const struct node *node)
{
	return node->kind == NODE_LIST ? node->first : node;
}

const struct node *reader_next(const struct node *node, const struct node *item)
{
	return node->kind == NODE_LIST ? item->next : NULL;
}

size_t reader_items(struct reader *reader, const struct node *node, const char *key, size_t max)
{
	if (node->kind == NODE_REFUSED)
		return 0;
	if (node->kind != NODE_LIST) {
		tell_error(reader, node->pos,
		           "`%s` must be a list, each item of which begins with `- `, but %s was found",
		           key, node_kind_words(node));
		return 0;
	}
	if (node->count <= max)
		return node->count;
	tell_error(reader, node->pos, "`%s` has %zu items, but at most %zu are possible", key,
	           node->count, max);
	return 0;
}

static void tell_unknown(struct reader *reader, const struct node *key, const char *what,
                         const struct field *fields, size_t count)
{
	const char *names[FIELD_MAX];
	char show[SHOWN_MAX], all[400] = "";
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		names[i] = fields[i].key;
		int more = snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", names[i]);
		used += more > 0 && used + (size_t)more < sizeof all ? (size_t)more : 0;
	}
	int nearest = reader_suggest(reader, key->text, names, count);
	shown(key->text, show);
	if (nearest >= 0)
		tell_error(reader, key->pos, "unknown key `%s` in %s; did you mean `%s`?", show, what,
		           names[nearest]);
	else
		tell_error(reader, key->pos, "unknown key `%s` in %s; it knows %s", show, what, all);
}

static void take_pair(struct reader *reader, const struct node *key, const char *what,
                      const struct field *fields, size_t count, const struct node **keys)
{
	if (key->kind == NODE_REFUSED)
		return;
	if (key->kind != NODE_SCALAR) {
		tell_error(reader, key->pos, "a key of %s must be a word, but %s was found", what,
		           node_kind_words(key));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].key, key->text))
			continue;
		if (keys[i])
			tell_error(reader, key->pos, "the key `%s` stands twice in %s; first on line %u",
			           key->text, what, keys[i]->pos.line);
		else
			keys[i] = key;
		return;
	}
	tell_unknown(reader, key, what, fields, count);
}

uint64_t reader_mapping(struct reader *reader, const struct node *node, const char *what,
                        const struct field *fields, size_t count, void *target)
{
	const struct node *keys[FIELD_MAX] = {0};
	uint64_t seen = 0;
	if (node->kind == NODE_REFUSED)
		return 0;
	if (node->kind != NODE_MAPPING) {
		tell_error(reader, node->pos, "%s must be a mapping of keys and values, but %s was found",
		           what, node_kind_words(node));
		return 0;
	}
	for (const struct node *key = node->first; key && key->next; key = key->next->next)
		take_pair(reader, key, what, fields, count, keys);
	for (size_t i = 0; i < count; i++) {
		if (keys[i])
			seen |= UINT64_C(1) << i;
		else if (fields[i].required)
			tell_error(reader, node->pos, "%s needs the key `%s`, which is not there", what,
			           fields[i].key);
		if (!keys[i] || !fields[i].read)
			continue;
		if (node_is_empty(keys[i]->next))
			tell_error(reader, keys[i]->pos,
			           "`%s` has no value; write one behind it, or take the key away",
			           fields[i].key);
		else
			fields[i].read(reader, keys[i]->next, target);
	}
	return seen;
}
