/* All lists of a configuration: one name index, and what is told of each list. */
#include "lists/lists.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists/expressions.h"
#include "lists/file.h"
#include "lists/load.h"
#include "lists/state.h"

static const char *const skip_texts[SKIP_COUNT] = {
	[SKIP_BAD_NAME] = "not a domain name",
	[SKIP_ADDRESS] = "an address where a name should be",
	[SKIP_LOCAL_NAME] = "a local name of a hosts file",
	[SKIP_MODIFIER] = "a modifier that is not known here",
	[SKIP_WILDCARD] = "a wildcard that can not be used here",
	[SKIP_REGEX] = "a regular expression that can not be used",
	[SKIP_COSMETIC] = "a rule for browsers",
	[SKIP_TOO_LONG] = "a line over 4096 bytes",
	[SKIP_SYNTAX] = "none of the formats",
	[SKIP_SETTING] = "a setting that lists nothing",
	[SKIP_RECORD] = "a record that is no rule of a response policy zone",
	[SKIP_OUT_OF_ZONE] = "a name outside of its zone",
	[SKIP_NO_NETWORK] = "neither an address nor a network",
	[SKIP_UNWANTED] = "of a kind or with evidence that is not asked for",
	[SKIP_DUPLICATE] = "the list has it already",
};
_Static_assert(LIST_LINE_BYTES_MAX == 4096, "the text for SKIP_TOO_LONG names it");

const char *list_skip_text(enum list_skip reason)
{
	return skip_texts[reason];
}

static struct lists *lists_new(size_t count, const struct tag_table *tags, size_t name_count)
{
	struct lists *lists = calloc(1, sizeof *lists);
	if (!lists)
		return NULL;
	lists->infos = calloc(count ? count : 1, sizeof *lists->infos);
	lists->references = 1;
	lists->key = hash_key_random();
	lists->tags = *tags;
	lists->count = count;
	if (list_tables_init(&lists->tables, list_index_new_for(lists->key, name_count),
	                     &lists->tags) != PF_OK ||
	    !lists->infos)
		lists_free(&lists);
	return lists;
}

void lists_free(struct lists **out)
{
	struct lists *lists = *out;
	*out = NULL;
	if (!lists || __atomic_sub_fetch(&lists->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; lists->infos && i < lists->count; i++) {
		free(lists->infos[i].name);
		free(lists->infos[i].file);
	}
	free(lists->infos);
	for (size_t i = 0; i < lists->warning_count; i++)
		free(lists->warnings[i].text);
	free(lists->warnings);
	list_tables_deinit(&lists->tables);
	own_file_unmap(&lists->map);
	free(lists);
}

/* The copy of a list that comes from elsewhere was proved before it was put there. Should it be gone or spoilt all the same, then
 * DNS goes on without that list and says so: the daemon must not depend on what strangers send. */
static int load_copy(struct lists *lists, size_t number, const struct config *config,
                     struct diag *diag)
{
	const struct config_list *list = &config->lists[number];
	struct diag findings;
	if (access(list->file, F_OK)) {
		diag_warning(diag, config->file, list->pos.line, list->pos.column,
		             "the list `%s` has not been fetched yet and holds no name so far", list->name);
		return PF_OK;
	}
	diag_init(&findings);
	int result = list_file_read(&lists->tables, (uint16_t)number, &lists->infos[number],
	                            config->file, list->pos, &findings);
	for (size_t i = 0; i < findings.count; i++)
		if (findings.entries[i].text)
			diag_warning(diag, config->file, list->pos.line, list->pos.column, "%s",
			             findings.entries[i].text);
	diag_deinit(&findings);
	if (result == PF_EINVAL)
		lists->infos[number].source.known = false; /* not to be taken for a good one later */
	return result == PF_EINVAL ? PF_OK : result;
}

static int load_one(struct lists *lists, size_t number, const struct config *config,
                    int64_t now_wall_us, struct diag *diag)
{
	const struct config_list *list = &config->lists[number];
	struct list_info *info = &lists->infos[number];
	info->name = strdup(list->name);
	info->file = strdup(list->file);
	info->format = info->format_given = list->format;
	info->marks = list->marks;
	if (!info->name || !info->file)
		return PF_ENOMEM;
	list_source_take(&info->source, info->file, lists->key, now_wall_us);
	int error = list_is_copy(list) ? load_copy(lists, number, config, diag)
	                               : list_file_read(&lists->tables, (uint16_t)number, info,
	                                                config->file, list->pos, diag);
	list_source_settle(&info->source, info->file);
	return error;
}

/* For what is found wrong only when all is put together. */
struct sealing {
	struct lists *lists;
	const struct lists_keep *keep;
	const struct config *config;
	struct diag *diag;
};

static void tell_expression(void *data, uint16_t list, unsigned line, const char *message)
{
	const struct sealing *sealing = data;
	struct list_info *info = &sealing->lists->infos[list];
	struct list_skipped *skipped = &info->skipped[SKIP_REGEX];
	if (skipped->count < LIST_SKIP_EXAMPLES_MAX)
		skipped->example_lines[skipped->count] = line;
	skipped->count++;
	info->patterns -= info->patterns > 0;
	diag_warning(sealing->diag, sealing->config->file, sealing->config->lists[list].pos.line,
	             sealing->config->lists[list].pos.column,
	             "the list `%s`: the expression on line %u can not be used: %s", info->name, line,
	             message);
}

bool expressions_path(const struct lists_keep *keep, char path[PATH_MAX])
{
	return keep->cache_file &&
	       snprintf(path, PATH_MAX, "%s" EXPRESSIONS_SUFFIX, keep->cache_file) < PATH_MAX;
}

/* PF_OK or PF_ENOMEM. What was compiled before is looked for only when there are expressions at all. */
static int seal(struct sealing *sealing,
                void (*tell)(void *data, uint16_t list, unsigned line, const char *message))
{
	struct lists *lists = sealing->lists;
	const struct lists_keep *keep = sealing->keep;
	struct expressions kept = {.count = 0};
	char path[PATH_MAX], why[OWN_FILE_WHY_MAX];
	const struct lists *previous = keep->previous;
	lists->expressions_key = previous ? previous->expressions_key : lists->key;
	if (list_patterns_count(lists->tables.patterns) && expressions_path(keep, path)) {
		int error = expressions_open(&kept, path, why);
		if (error == PF_EINVAL)
			diag_warning(sealing->diag, sealing->config->file, 0, 0,
			             "the cache of expressions, %s, %s; it is made anew", path, why);
		if (error == PF_OK && !previous)
			lists->expressions_key = kept.key;
	}
	const struct regex_keep expressions = {
		.key = lists->expressions_key,
		.previous = previous ? list_patterns_set(previous->tables.patterns) : NULL,
		.count = kept.key.seed == lists->expressions_key.seed ? kept.count : 0,
		.pieces = kept.pieces,
	};
	int error = list_tables_seal(&lists->tables, &expressions, tell, sealing);
	expressions_close(&kept);
	return error;
}

static int read_and_seal(const struct config *config, const struct lists_keep *keep,
                         struct lists *lists, struct diag *diag)
{
	int result = PF_OK;
	for (size_t i = 0; i < config->list_count && result != PF_ENOMEM; i++) {
		int error = load_one(lists, i, config, keep->now_wall_us, diag);
		if (error != PF_OK)
			result =
				error; /* the others are read all the same, so that all errors are told at once */
	}
	if (list_index_misjudged(lists->tables.index))
		return PF_ECONFLICT;
	if (result != PF_OK)
		return result;
	struct sealing sealing = {lists, keep, config, diag};
	return seal(&sealing, tell_expression);
}

int lists_read(const struct config *config, size_t name_count, const struct lists_keep *keep,
               struct diag *diag, struct lists **out)
{
	struct diag findings;
	*out = NULL;
	struct lists *lists = lists_new(config->list_count, &config->tags, name_count);
	if (!lists)
		return PF_ENOMEM;
	diag_init(&findings);
	int error = read_and_seal(config, keep, lists, &findings);
	if (error == PF_ECONFLICT) { /* the guess was wrong: once more without one */
		diag_deinit(&findings);
		lists_free(&lists);
		return lists_read(config, 0, keep, diag, out);
	}
	diag_take(diag, &findings);
	if (error != PF_OK)
		lists_free(&lists);
	*out = lists;
	return error;
}

/* Told already, when the list was read for the first time. */
static void tell_nobody(void *data, uint16_t list, unsigned line, const char *message)
{
	(void)data;
	(void)list;
	(void)line;
	(void)message;
}

static int read_again(struct lists *lists, size_t number, const struct config *config)
{
	struct list_info *info = &lists->infos[number], counts = {0};
	struct diag diag;
	counts.name = info->name;
	counts.file = info->file;
	counts.format = info->format_given;
	counts.marks = info->marks;
	diag_init(&diag);
	int error = list_file_read(&lists->tables, (uint16_t)number, &counts, config->file,
	                           config->lists[number].pos, &diag);
	diag_deinit(&diag);
	list_source_settle(&info->source, info->file);
	return error == PF_OK && !info->source.known ? PF_EINVAL : error;
}

int lists_read_beyond(struct lists *lists, const struct config *config,
                      const struct lists_keep *keep, struct diag *diag)
{
	lists->tags = config->tags;
	for (size_t i = 0; i < lists->count; i++) {
		int error = list_set_has(&lists->beyond, i) ? read_again(lists, i, config) : PF_OK;
		if (error != PF_OK)
			return error;
	}
	struct sealing sealing = {lists, keep, config, diag};
	if (seal(&sealing, tell_nobody) != PF_OK)
		return PF_ENOMEM;
	bool same = list_details_count(lists->tables.details) == lists->detail_count &&
	            !memcmp(&lists->tables.beyond, &lists->beyond, sizeof lists->beyond);
	return same ? PF_OK : PF_EINVAL;
}

enum lists_origin lists_origin(const struct lists *lists)
{
	return lists->origin;
}

size_t lists_count(const struct lists *lists)
{
	return lists->count;
}

const struct list_info *lists_info(const struct lists *lists, size_t list)
{
	return &lists->infos[list];
}

size_t lists_bytes(const struct lists *lists)
{
	return list_tables_bytes(&lists->tables);
}
