/* Spares a load what need not be done again: lists that have not changed are shared with the snapshot in force, or
 * mapped from the cache file. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lists/expressions.h"
#include "lists/load.h"
#include "lists/state.h"

/* Would these lists be loaded again as they are? */
static bool is_same(const struct lists *lists, const struct config *config)
{
	if (lists->count != config->list_count)
		return false;
	/* Conditions ($ctag) know tags by their number; those of a mapped index are still to be read. */
	if (list_details_count(lists->tables.details) &&
	    (lists->tags.count != config->tags.count ||
	     memcmp(lists->tags.names, config->tags.names, sizeof lists->tags.names) != 0))
		return false;
	for (size_t i = 0; i < lists->count; i++) {
		const struct list_info *info = &lists->infos[i];
		const struct config_list *list = &config->lists[i];
		if (strcmp(info->name, list->name) != 0 || strcmp(info->file, list->file) != 0 ||
		    info->format_given != list->format || info->marks.kinds != list->marks.kinds ||
		    info->marks.evidence != list->marks.evidence ||
		    (info->source.absent && !list_is_copy(list)))
			return false;
	}
	for (size_t i = 0; i < lists->count; i++)
		if (!list_source_is_same(&lists->infos[i].source, lists->infos[i].file, lists->key))
			return false;
	return true;
}

static void tell_again(const struct lists *lists, const struct config *config, struct diag *diag)
{
	for (size_t i = 0; i < lists->warning_count; i++) {
		const struct list_warning *warning = &lists->warnings[i];
		struct config_pos pos = config->lists[warning->list].pos;
		diag_warning(diag, config->file, pos.line, pos.column, "%s", warning->text);
	}
}

/* The list of the configuration that stands there. */
static bool find_list(const struct config *config, const struct diag_entry *entry, uint32_t *list)
{
	for (uint32_t i = 0; i < config->list_count; i++)
		if (config->lists[i].pos.line == entry->line &&
		    config->lists[i].pos.column == entry->column) {
			*list = i;
			return true;
		}
	return false;
}

static int remember_warnings(struct lists *lists, const struct config *config,
                             const struct diag *diag, size_t from)
{
	size_t count = diag->count > from ? diag->count - from : 0;
	lists->warnings = calloc(count + 1, sizeof *lists->warnings);
	if (!lists->warnings)
		return PF_ENOMEM;
	for (size_t i = from; i < diag->count; i++) {
		struct list_warning *warning = &lists->warnings[lists->warning_count];
		const struct diag_entry *entry = &diag->entries[i];
		if (!entry->text || !find_list(config, entry, &warning->list))
			continue;
		warning->text = strdup(entry->text);
		if (!warning->text)
			return PF_ENOMEM;
		lists->warning_count++;
	}
	return PF_OK;
}

/* How many names will come, if there are as many to a byte as before. 0: there is nothing to go by. */
static size_t expected_names(const struct config *config, const struct lists *previous)
{
	uint64_t before = 0, now = 0;
	struct stat info;
	for (size_t i = 0; previous && i < previous->count; i++)
		before += previous->infos[i].source.size;
	for (size_t i = 0; before && i < config->list_count; i++)
		now += stat(config->lists[i].file, &info) ? 0 : (uint64_t)info.st_size;
	/* Of files that differ more than that nothing can be said. */
	if (!before || now < before - before / 4 || now > before + before / 4)
		return 0;
	return (size_t)((double)now / (double)before *
	                (double)list_index_names(previous->tables.index));
}

static int load_anew(const struct config *config, const struct lists_keep *keep, struct diag *diag,
                     struct lists **out)
{
	size_t from = diag->count;
	int error = lists_read(config, expected_names(config, keep->previous), keep, diag, out);
	if (error != PF_OK)
		return error;
	error = remember_warnings(*out, config, diag, from);
	if (error != PF_OK)
		lists_free(out);
	return error;
}

/* NULL when there are none that could be used. */
static struct lists *open_cache(const struct config *config, const struct lists_keep *keep,
                                struct diag *diag)
{
	const char *path = keep->cache_file;
	struct lists *lists = NULL;
	char why[STORE_WHY_MAX] = "can not be read: out of memory";
	int error = store_open(path, &lists, why);
	if (error == PF_OK &&
	    (!is_same(lists, config) || lists_read_beyond(lists, config, keep, diag) != PF_OK))
		lists_free(&lists);
	else if (error == PF_OK)
		tell_again(lists, config, diag);
	else if (error != PF_ENOENT)
		diag_warning(diag, config->file, 0, 0, "the cache of the lists, %s, %s; it is made anew",
		             path, why);
	return lists;
}

static void write_cache(const struct lists *lists, const struct config *config, const char *path,
                        struct diag *diag)
{
	char why[STORE_WHY_MAX] = "out of memory";
	if (store_write(path, lists, why) != PF_OK)
		diag_warning(diag, config->file, 0, 0,
		             "the cache of the lists, %s, can not be written: %s; they are read again at "
		             "the next start",
		             path, why);
}

/* Only when something had to be compiled: else the file has it all, or it is there no more and not needed before the next start. */
static void write_expressions(const struct lists *lists, const struct config *config,
                              const struct lists_keep *keep, struct diag *diag)
{
	const struct regex_set *set = list_patterns_set(lists->tables.patterns);
	char path[PATH_MAX], why[OWN_FILE_WHY_MAX] = "out of memory";
	if (!regex_set_compiled(set) || !expressions_path(keep, path))
		return;
	if (expressions_write(path, set, lists->expressions_key, why) != PF_OK)
		diag_warning(
			diag, config->file, 0, 0,
			"the cache of expressions, %s, can not be written: %s; they are compiled again at "
			"the next start",
			path, why);
}

struct lists *lists_share(const struct lists *previous)
{
	struct lists *lists = (struct lists *)previous;
	__atomic_add_fetch(&lists->references, 1, __ATOMIC_RELAXED);
	return lists;
}

int lists_load_kept(const struct config *config, const struct lists_keep *keep, struct diag *diag,
                    struct lists **out)
{
	*out = NULL;
	if (keep->previous && is_same(keep->previous, config)) {
		*out = lists_share(keep->previous);
		tell_again(*out, config, diag);
		return PF_OK;
	}
	if (keep->cache_file && config->list_count && !keep->previous)
		*out = open_cache(config, keep, diag);
	if (*out) {
		write_expressions(*out, config, keep, diag);
		return PF_OK;
	}
	int error = load_anew(config, keep, diag, out);
	if (error == PF_OK && keep->cache_file && config->list_count)
		write_cache(*out, config, keep->cache_file, diag);
	if (error == PF_OK)
		write_expressions(*out, config, keep, diag);
	return error;
}

int lists_load(const struct config *config, struct diag *diag, struct lists **out)
{
	const struct lists_keep nothing = {NULL, NULL, 0};
	return lists_load_kept(config, &nothing, diag, out);
}
