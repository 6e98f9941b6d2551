/* geo: which databases, and how old they may be. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/sections.h"

#define GEO_FILES_MAX 8 /* control and anycast files: one for each family and some to spare */
#define MAX_AGE_DEFAULT_US (365LL * 86400 * 1000000)

/* The same database twice would agree with itself, and count as two that do. */
static bool is_new_file(struct file_identity *known, size_t count, const struct file_identity *one)
{
	for (size_t i = 0; i < count; i++)
		if (known[i].device == one->device && known[i].inode == one->inode)
			return false;
	return true;
}

/* The word that stands for the list that comes with the program. */
static bool is_published(struct reader *reader, const struct node *item, const char *key)
{
	bool is = !strcmp(key, "geo.anycast") && item->kind == NODE_SCALAR &&
	          !strcmp(item->text, "published");
	reader->config->geo.anycast_published |= is;
	return is;
}

static_assert(GEO_SOURCE_MAX <= GEO_FILES_MAX, "all files of one key can be compared");

static void read_paths(struct reader *reader, const struct node *node, const char *key, size_t max,
                       struct config_path **paths, size_t *count)
{
	const struct list_shape shape = {key, "the path of a file or a list of paths", max, true};
	struct file_identity known[GEO_FILES_MAX];
	size_t opened = 0, items = reader_list(reader, node, &shape);
	*paths = reader_alloc(reader, items, sizeof **paths);
	if (!*paths)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		if (is_published(reader, item, key))
			continue;
		char *path = reader_path(reader, item, key);
		if (!path)
			continue;
		(*paths)[(*count)++] = (struct config_path){item->pos, path};
		struct file_identity *identity = &known[opened];
		if (!reader_file_opens(reader, item->pos, key, path, identity))
			continue;
		if (!is_new_file(known, opened, identity))
			tell_error(reader, item->pos,
			           "`%s` names the file `%s` twice: a database does not confirm itself", key,
			           item->text);
		opened++;
	}
}

static void read_location(struct reader *reader, const struct node *node, void *target)
{
	struct config_geo *geo = target;
	read_paths(reader, node, "geo.location", GEO_SOURCE_MAX, &geo->location, &geo->location_count);
}

static void read_control(struct reader *reader, const struct node *node, void *target)
{
	struct config_geo *geo = target;
	read_paths(reader, node, "geo.control", GEO_FILES_MAX, &geo->control, &geo->control_count);
}

static void read_anycast(struct reader *reader, const struct node *node, void *target)
{
	struct config_geo *geo = target;
	read_paths(reader, node, "geo.anycast", GEO_FILES_MAX, &geo->anycast, &geo->anycast_count);
}

static void read_max_age(struct reader *reader, const struct node *node, void *target)
{
	struct config_geo *geo = target;
	reader_duration(reader, node, "geo.max-age", &geo->max_age_us);
}

void section_geo(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"location", read_location, false},
		{"control", read_control, false},
		{"anycast", read_anycast, false},
		{"max-age", read_max_age, false},
	};
	struct config_geo *geo = &((struct config *)target)->geo;
	geo->max_age_us = MAX_AGE_DEFAULT_US;
	unsigned seen = reader_mapping(reader, node, "`geo`", fields, PF_COUNT(fields), geo);
	if (node->kind == NODE_MAPPING && !(seen & 1u << 2))
		geo->anycast_published = true;
	if (node->kind == NODE_MAPPING && !(seen & 1u))
		tell_warning(reader, node->pos,
		             "`geo` names no `location` database: where addresses stand is not known");
}

static void add_default(struct reader *reader, const char *name, struct config_path *paths,
                        size_t *count)
{
	size_t size = strlen(reader->system->geoip_folder) + strlen(name) + 2;
	char *path = reader_alloc(reader, size, 1);
	if (!path)
		return;
	snprintf(path, size, "%s/%s", reader->system->geoip_folder, name);
	if (access(path, R_OK))
		free(path);
	else
		paths[(*count)++] = (struct config_path){{0, 0}, path};
}

void default_geo(struct reader *reader)
{
	struct config_geo *geo = &reader->config->geo;
	geo->defaulted = geo->anycast_published = true;
	geo->max_age_us = MAX_AGE_DEFAULT_US;
	geo->location = reader_alloc(reader, 2, sizeof *geo->location);
	geo->control = reader_alloc(reader, 2, sizeof *geo->control);
	geo->anycast = reader_alloc(reader, 1, sizeof *geo->anycast);
	if (!geo->location || !geo->control || !geo->anycast)
		return;
	add_default(reader, "dbip-country.mmdb", geo->location, &geo->location_count);
	add_default(reader, "geo-whois-asn-country.mmdb", geo->location, &geo->location_count);
	add_default(reader, "asn-ipv4.csv", geo->control, &geo->control_count);
	add_default(reader, "asn-ipv6.csv", geo->control, &geo->control_count);
	add_default(reader, "anycast-prefixes.txt", geo->anycast, &geo->anycast_count);
}
