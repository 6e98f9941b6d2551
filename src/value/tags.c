/* The table of tags.h. */
#include "value/tags.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

void tag_table_init(struct tag_table *table)
{
	memset(table, 0, sizeof *table);
	strcpy(table->names[TAG_ALL], "all");
	strcpy(table->names[TAG_UNKNOWN], "unknown");
	strcpy(table->names[TAG_NEW], "new");
	table->count = TAG_BUILTIN_COUNT;
}

int tag_find(const struct tag_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->names[i], name))
			return (int)i;
	return PF_ENOENT;
}

static bool is_tag_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return length && !name[length] && length < TAG_NAME_MAX && *name != '_' && *name != '-';
}

int tag_add(struct tag_table *table, const char *name)
{
	int found = tag_find(table, name);
	if (found >= 0)
		return found;
	if (!is_tag_name(name))
		return PF_EINVAL;
	if (table->count == TAG_MAX)
		return PF_EFULL;
	snprintf(table->names[table->count], TAG_NAME_MAX, "%s", name);
	return (int)table->count++;
}
