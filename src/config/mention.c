/* The mentions of mention.h. */
#include "config/mention.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct mention {
	const struct node *name;
	struct marks_wanted marks;
};

static void read_name(struct reader *reader, const struct node *node, void *target)
{
	(void)reader;
	((struct mention *)target)->name = node;
}

static void read_kinds(struct reader *reader, const struct node *node, void *target)
{
	marks_read_kinds(reader, node, &((struct mention *)target)->marks);
}

static void read_evidence(struct reader *reader, const struct node *node, void *target)
{
	marks_read_evidence(reader, node, &((struct mention *)target)->marks);
}

static const struct field fields[] = {
	{"name", read_name, true},
	{"evidence", read_evidence, false},
	{"kinds", read_kinds, false},
};

/* The list's number, or -1 and an error. */
static int find_list(struct reader *reader, const struct node *node, const char *text)
{
	const struct config *config = reader->config;
	const char *names[LIST_MAX];
	char show[SHOWN_MAX];
	size_t count = 0;
	for (size_t i = 0; i < config->list_count; i++) {
		if (!config->lists[i].name || config->lists[i].mentioned)
			continue;
		names[count++] = config->lists[i].name;
		if (!strcmp(text, config->lists[i].name))
			return (int)i;
	}
	int nearest = reader_suggest(reader, text, names, count);
	if (nearest >= 0)
		tell_error(reader, node->pos, "unknown list `%s`; did you mean `%s`?", shown(text, show),
		           names[nearest]);
	else
		tell_error(reader, node->pos, "unknown list `%s`: `lists` holds none of this name",
		           shown(text, show));
	return -1;
}

/* "tv (telemetry, evidence B)"; false when that is too long for a name. */
static bool write_name(const char *name, const struct marks_wanted *marks, char text[LIST_NAME_MAX])
{
	struct buffer whole;
	const char *before = " (";
	buffer_init(&whole, LIST_NAME_MAX);
	buffer_print(&whole, "%s", name);
	for (size_t i = 0; i < MARK_KIND_COUNT; i++) {
		if (!(marks->kinds >> i & 1))
			continue;
		buffer_print(&whole, "%s%s", before, mark_kind_words[i]);
		before = ", ";
	}
	if (marks->evidence)
		buffer_print(&whole, "%sevidence %c", before, marks->evidence);
	buffer_append(&whole, ")", sizeof ")");
	bool fits = !whole.failed;
	if (fits)
		memcpy(text, whole.data, whole.length);
	buffer_deinit(&whole);
	return fits;
}

/* Both that the list asks for and that its mention does; false when no line can be both. */
static bool narrow(const struct marks_wanted *list, struct marks_wanted *mention)
{
	if (list->kinds && mention->kinds && !(list->kinds & mention->kinds))
		return false;
	if (list->kinds)
		mention->kinds = mention->kinds ? mention->kinds & list->kinds : list->kinds;
	if (list->evidence && (!mention->evidence || list->evidence < mention->evidence))
		mention->evidence = list->evidence;
	return true;
}

static bool same_marks(const struct marks_wanted *a, const struct marks_wanted *b)
{
	return a->kinds == b->kinds && a->evidence == b->evidence;
}

/* Adds the list that is the lines of another with these marks; its number, or -1. */
static int add_list(struct reader *reader, const struct node *node, size_t from,
                    const struct marks_wanted *marks)
{
	struct config *config = reader->config;
	char name[LIST_NAME_MAX];
	if (config->list_count == LIST_MAX) {
		tell_error(reader, node->pos,
		           "a list that is mentioned with `evidence` or `kinds` counts as one more, and "
		           "with it there are over %d lists",
		           LIST_MAX);
		return -1;
	}
	if (!write_name(config->lists[from].name, marks, name)) {
		tell_error(reader, node->pos,
		           "the name `%s` is too long to say behind it what of the list counts; make it "
		           "shorter, by 80 bytes at most",
		           config->lists[from].name);
		return -1;
	}
	struct config_list *lists =
		realloc(config->lists, (config->list_count + 1) * sizeof *config->lists);
	if (!lists) {
		reader->no_memory = true;
		return -1;
	}
	config->lists = lists;
	struct config_list *list = &lists[config->list_count];
	*list = (struct config_list){
		.pos = lists[from].pos,
		.name = reader_copy(reader, name),
		.file = reader_copy(reader, lists[from].file),
		.format = lists[from].format,
		.marks = *marks,
		.mentioned = true,
		.of_copy = lists[from].url,
	};
	return (int)config->list_count++;
}

/* The number of the list that is what a mention leaves of `from`, or -1 and an error. */
static int narrowed(struct reader *reader, const struct node *node, size_t from,
                    struct marks_wanted *marks)
{
	const struct config *config = reader->config;
	const struct config_list *list = &config->lists[from];
	if (list->rpz || list->format == LIST_FORMAT_RPZ) {
		tell_error(reader, node->pos,
		           "`kinds` and `evidence` mean nothing to a zone, which `%s` is; write its name "
		           "alone",
		           list->name);
		return -1;
	}
	if (!narrow(&list->marks, marks)) {
		tell_error(reader, node->pos,
		           "nothing is left of the list `%s`, which takes lines of other `kinds` only",
		           list->name);
		return -1;
	}
	if (same_marks(&list->marks, marks) || !list->file)
		return (int)from; /* that is what it is; or, without a file, an error was told */
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].mentioned && config->lists[i].file &&
		    !strcmp(config->lists[i].file, list->file) && config->lists[i].format == list->format &&
		    same_marks(&config->lists[i].marks, marks))
			return (int)i;
	return add_list(reader, node, from, marks);
}

void mention_read(struct reader *reader, const struct node *node, struct config_rule *rule)
{
	struct mention mention = {.name = node};
	bool negated, narrows = node->kind == NODE_MAPPING;
	if (narrows) {
		mention.name = NULL;
		(void)reader_mapping(reader, node, "a list of a rule", fields, PF_COUNT(fields), &mention);
	}
	const char *text =
		mention.name ? reader_text(reader, mention.name, "lists", "the name of a list") : NULL;
	if (text)
		text = reader_negated(reader, mention.name, "lists", text, &negated);
	if (!text)
		return;
	int list = find_list(reader, mention.name, text);
	if (list >= 0 && narrows)
		list = narrowed(reader, node, (size_t)list, &mention.marks);
	rule->lists_given = rule->lists_given || !negated;
	if (list >= 0)
		list_set_add(negated ? &rule->not_lists : &rule->lists, (size_t)list);
}
