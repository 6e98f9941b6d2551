/* home: the countries that the owner calls home, for all devices or for those with a tag. */
#include <stdlib.h>

#include "config/sections.h"
#include "config/values.h"

static bool has_home(const struct config *config, size_t tag)
{
	for (size_t i = 0; i < config->tag_home_count; i++)
		if (config->tag_homes[i].tag == tag)
			return true;
	return tag == TAG_ALL && config->home;
}

/* One `TAG: countries` of the mapping; `all` is the home of everything that has no other. */
static void read_tag_home(struct reader *reader, const struct node *key, const struct node *value)
{
	struct config *config = reader->config;
	struct config_countries countries = {0};
	const char *text = reader_text(reader, key, "home", "a tag, or `all`");
	char show[SHOWN_MAX];
	if (!text)
		return;
	int tag = tag_find(&config->tags, text);
	if (tag < 0) {
		tell_error(reader, key->pos,
		           "`home` names the unknown tag `%s`: no device has it; `all` stands for every "
		           "device",
		           shown(text, show));
		return;
	}
	if (has_home(config, (size_t)tag)) {
		tell_error(reader, key->pos, "`home` names the tag `%s` twice", text);
		return;
	}
	value_countries(reader, value, "home", false, &countries);
	if (tag == TAG_ALL) {
		config->home = countries.codes;
		config->home_count = countries.count;
		return;
	}
	config->tag_homes[config->tag_home_count++] =
		(struct config_home){(size_t)tag, countries.count, countries.codes};
}

static void read_homes(struct reader *reader, const struct node *node)
{
	struct config *config = reader->config;
	if (!node->count)
		tell_error(reader, node->pos,
		           "`home` is an empty mapping; write a tag and its countries, like {all: US}");
	if (node->count > CONFIG_TAG_HOMES_MAX + 1) {
		tell_error(reader, node->pos,
		           "`home` has %zu tags, but at most %d are possible besides `all`", node->count,
		           CONFIG_TAG_HOMES_MAX);
		return;
	}
	config->tag_homes = reader_alloc(reader, node->count, sizeof *config->tag_homes);
	if (!config->tag_homes)
		return;
	for (const struct node *key = node->first; key && key->next; key = key->next->next)
		read_tag_home(reader, key, key->next);
}

void section_home(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct config_countries countries = {0};
	if (node->kind == NODE_MAPPING) {
		read_homes(reader, node);
		return;
	}
	value_countries(reader, node, "home", false, &countries);
	config->home = countries.codes;
	config->home_count = countries.count;
}
