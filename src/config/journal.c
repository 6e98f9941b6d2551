/* journal: where the record of all queries is kept, and for how long; recognise: what its names are held against. */
#include <string.h>

#include "config/sections.h"
#include "config/values.h"

static void read_path(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	if (value_switch(node) == 0)
		config->journal_enabled = false;
	else
		config->journal_path = reader_path(reader, node, "journal.path");
}

static void read_rings(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	config->journal_rings = reader_path(reader, node, "journal.rings");
}

static void read_keep(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	reader_duration(reader, node, "journal.keep", &config->journal_keep_us);
}

static void read_durability(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"power", "crash"};
	int word = reader_word(reader, node, "journal.durability", words, PF_COUNT(words));
	if (word >= 0)
		((struct config *)target)->journal_unsynced = word == 1;
}

static const char *const privacy_words[] = {
	[PRIVACY_FULL] = "full",
	[PRIVACY_PSEUDONYM] = "pseudonym",
	[PRIVACY_ENDPOINTS_ONLY] = "endpoints-only",
};

static void read_privacy(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	int word = reader_word(reader, node, "journal.privacy", privacy_words, PF_COUNT(privacy_words));
	if (word >= 0)
		config->journal_privacy = (enum privacy)word;
}

/* One `TAG: word` of the mapping. */
static void read_tag(struct reader *reader, const struct node *key, const struct node *value)
{
	struct config *config = reader->config;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, key, "journal.tags", "a tag");
	int tag = text ? tag_find(&config->tags, text) : -1;
	if (text && tag < 0)
		tell_error(reader, key->pos, "`journal.tags` names the unknown tag `%s`: no device has it",
		           shown(text, show));
	int word = reader_word(reader, value, "journal.tags", privacy_words, PF_COUNT(privacy_words));
	for (size_t i = 0; tag >= 0 && i < config->privacy_tag_count; i++)
		if (config->privacy_tags[i].tag == (size_t)tag) {
			tell_error(reader, key->pos, "`journal.tags` names the tag `%s` twice", text);
			return;
		}
	if (tag >= 0 && word >= 0)
		config->privacy_tags[config->privacy_tag_count++] =
			(struct config_privacy_tag){(size_t)tag, (enum privacy)word};
}

static void read_tags(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	if (node->kind != NODE_MAPPING || !node->count) {
		tell_error(reader, node->pos,
		           "`journal.tags` must be a mapping of tags to how much is written of their "
		           "devices, like {guest: endpoints-only}");
		return;
	}
	if (node->count > CONFIG_PRIVACY_TAGS_MAX) {
		tell_error(reader, node->pos, "`journal.tags` has %zu tags, but at most %d are possible",
		           node->count, CONFIG_PRIVACY_TAGS_MAX);
		return;
	}
	for (const struct node *key = node->first; key && key->next; key = key->next->next)
		read_tag(reader, key, key->next);
}

enum privacy config_privacy(const struct config *config, tag_set tags)
{
	int least = -1;
	for (size_t i = 0; i < config->privacy_tag_count; i++) {
		const struct config_privacy_tag *entry = &config->privacy_tags[i];
		if (tags & tag_bit(entry->tag) && (int)entry->privacy > least)
			least = (int)entry->privacy;
	}
	return least < 0 ? config->journal_privacy : (enum privacy)least;
}

void section_journal(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"path", read_path, false},       {"rings", read_rings, false},
		{"keep", read_keep, false},       {"durability", read_durability, false},
		{"privacy", read_privacy, false}, {"tags", read_tags, false},
		{"also", sinks_read, false},
	};
	struct config *config = target;
	int on = value_switch(node);
	if (on == 0)
		config->journal_enabled = false;
	else if (node->kind == NODE_SCALAR && on < 0)
		tell_error(reader, node->pos,
		           "`journal` must be a mapping of keys and values, or `off`, but text was found");
	else if (node->kind != NODE_SCALAR)
		(void)reader_mapping(reader, node, "`journal`", fields, PF_COUNT(fields), config);
	if (!config->journal_enabled && node->kind == NODE_MAPPING && !config->sink_count)
		tell_error(reader, node->pos,
		           "`journal` has `path: off` and nothing under `also`: nobody would be told; "
		           "`journal: off` says so");
}

void section_recognise(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	if (value_switch(node) != 0)
		config->recognise_path = reader_path(reader, node, "recognise");
}

void default_recognise(struct reader *reader)
{
	reader->config->recognise_path = reader_copy(reader, PF_DATADIR "/portafilter/evidence.tsv");
}
