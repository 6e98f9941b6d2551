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

void section_journal(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"path", read_path, false},       {"rings", read_rings, false}, {"keep", read_keep, false},
		{"privacy", read_privacy, false}, {"also", sinks_read, false},
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
