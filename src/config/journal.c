/* journal: where the record of all queries is kept, and for how long; recognise: what its names are held against. */
#include <string.h>

#include "config/sections.h"
#include "config/values.h"

static void read_path(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
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

static void read_privacy(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	static const char *const words[] = {"full", "pseudonym", "endpoints-only"};
	int word = reader_word(reader, node, "journal.privacy", words, PF_COUNT(words));
	if (word > 0)
		tell_error(
			reader, node->pos,
			"`journal.privacy: %s` is not in this version: the journal would hold every query with "
			"its device; only `full` can be kept so far",
			words[word]);
}

/* ---- journal.also ------------------------------------------------------------------------ */

#define SINK_BYTES_DEFAULT (64u << 20)
#define SINK_BYTES_MIN (64u << 10)
#define SINK_BYTES_MAX (1ull << 40)
#define SINK_FILES_DEFAULT 8
#define SINK_FILES_MAX 100

static void read_jsonl(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	sink->path = reader_path(reader, node, "jsonl");
}

static void read_sink_size(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)value_size(reader, node, "max-size", SINK_BYTES_MIN, SINK_BYTES_MAX, &sink->bytes_max);
}

static void read_sink_files(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)reader_number(reader, node, "files", 1, SINK_FILES_MAX, &sink->files);
}

static void refuse_dnstap(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	tell_error(reader, node->pos,
	           "`dnstap` in `journal.also` is not in this version: nothing would be written there; "
	           "take it away");
}

enum { SINK_JSONL, SINK_DNSTAP, SINK_SIZE, SINK_FILES };
static const struct field sink_fields[] = {
	[SINK_JSONL] = {"jsonl", read_jsonl, false},
	[SINK_DNSTAP] = {"dnstap", refuse_dnstap, false},
	[SINK_SIZE] = {"max-size", read_sink_size, false},
	[SINK_FILES] = {"files", read_sink_files, false},
};

static void read_sink(struct reader *reader, const struct node *item, struct config *config)
{
	struct config_sink *sink = &config->sinks[config->sink_count++];
	*sink = (struct config_sink){.pos = item->pos,
	                             .bytes_max = SINK_BYTES_DEFAULT,
	                             .files = SINK_FILES_DEFAULT};
	unsigned seen = reader_mapping(reader, item, "an entry of `journal.also`", sink_fields,
	                               PF_COUNT(sink_fields), sink);
	if (item->kind == NODE_MAPPING && !(seen & (1u << SINK_JSONL | 1u << SINK_DNSTAP)))
		tell_error(reader, item->pos, "an entry of `journal.also` needs the key `jsonl`");
	for (size_t i = 0; i + 1 < config->sink_count; i++)
		if (sink->path && config->sinks[i].path && !strcmp(sink->path, config->sinks[i].path))
			tell_error(reader, item->pos, "%s is written by an earlier entry of `journal.also`",
			           sink->path);
}

static void read_also(struct reader *reader, const struct node *node, void *target)
{
	if (!reader_items(reader, node, "journal.also", CONFIG_SINKS_MAX))
		return;
	for (const struct node *item = node->first; item; item = item->next)
		read_sink(reader, item, target);
}

void section_journal(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"path", read_path, false},       {"rings", read_rings, false}, {"keep", read_keep, false},
		{"privacy", read_privacy, false}, {"also", read_also, false},
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
