/* Rules that people add while the daemon runs: kept in CONFIG_ADDED_RULES of the state directory, in front of those of the
 * configuration. A change is tried on the configuration in force, written, and loaded; when the load fails, the file is what
 * it was before. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/replace.h"
#include "daemon/state.h"

#define ADDED_BYTES_MAX (1u << 20)
#define ADDED_HEAD \
	"# Rules that were added while the daemon runs; they come before those of the configuration.\n"

/* What is to become of the file. */
struct change {
	struct daemon *daemon;
	struct buffer before, after; /* texts, NUL at the end */
	char *path;
	json_t *had, *names; /* of all added rules, before and afterwards */
	bool existed;
};

static int refuse(int *http, int status, char error[500], const char *format, ...) PF_PRINTF(4, 5);

static int refuse(int *http, int status, char error[500], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error, 500, format, arguments);
	va_end(arguments);
	*http = status;
	return PF_EINVAL;
}

static int read_before(struct change *change, int *http, char error[500])
{
	char piece[4096];
	size_t got;
	FILE *file = fopen(change->path, "re");
	change->existed = file != NULL;
	if (!file && errno != ENOENT)
		return refuse(http, 503, error, "%s can not be read: %s", change->path, strerror(errno));
	while (file && (got = fread(piece, 1, sizeof piece, file)) > 0)
		buffer_append(&change->before, piece, got);
	bool broken = file && ferror(file);
	if (file)
		fclose(file);
	buffer_append(&change->before, "", 1);
	if (broken || change->before.failed)
		return refuse(http, 503, error, "%s can not be read whole.", change->path);
	return PF_OK;
}

/* ---- items --------------------------------------------------------------------------------- */

/* An item begins with "- " at the left, and its other lines are indented: so they are written here. */
static const char *next_item(const char *text)
{
	if (!strncmp(text, "- ", 2))
		return text;
	const char *found = strstr(text, "\n- ");
	return found ? found + 1 : NULL;
}

/* Each further line stands under the first, so that no text can be more than one item. */
static void append_item(struct buffer *out, const char *rule)
{
	buffer_append(out, "- ", 2);
	for (const char *at = rule; *at;) {
		size_t length = strcspn(at, "\r\n");
		if (at != rule)
			buffer_append(out, "  ", 2);
		buffer_append(out, at, length);
		buffer_append(out, "\n", 1);
		at += length;
		at += strspn(at, "\r\n");
	}
}

static size_t count_items(const char *text)
{
	size_t count = 0;
	for (const char *item = next_item(text); item; item = next_item(item + 1))
		count++;
	return count;
}

static void copy_item(struct buffer *out, const char *item)
{
	const char *end = next_item(item + 1);
	buffer_append(out, item, end ? (size_t)(end - item) : strlen(item));
}

/* All items in their order, but for the one with the number `without` (SIZE_MAX: none); `rule`, or without a text that one, comes to the
 * place `place` among the others (SIZE_MAX: nowhere). Returns how many they are. */
static size_t arrange(struct change *change, size_t without, const char *rule, size_t place)
{
	struct buffer *out = &change->after;
	const char *moved = NULL, *first = next_item(change->before.data), *item = first;
	size_t others = count_items(change->before.data) - (without != SIZE_MAX), written = 0;
	size_t count = others + (place != SIZE_MAX);
	if (place != SIZE_MAX && place > others)
		place = others;
	for (size_t i = 0; item && i <= without && without != SIZE_MAX; i++, item = next_item(item + 1))
		moved = item;
	buffer_print(out, "%srules:%s\n", ADDED_HEAD, count ? "" : " []");
	for (item = first; written < count;) {
		if (written == place && rule) {
			append_item(out, rule);
		} else if (written == place) {
			copy_item(out, moved);
		} else {
			if (item == moved)
				item = next_item(item + 1);
			copy_item(out, item);
			item = next_item(item + 1);
		}
		written++;
	}
	return count;
}

/* ---- trying and writing ---------------------------------------------------------------------- */

static void first_error(const struct diag *diag, char error[500])
{
	for (size_t i = 0; i < diag->count; i++)
		if (diag->entries[i].level == DIAG_ERROR) {
			snprintf(error, 500, "%s", diag->entries[i].text);
			return;
		}
	snprintf(error, 500, "The rule is not taken.");
}

static json_t *added_names(const struct config *config)
{
	json_t *names = json_array();
	for (size_t i = 0; i < config->rule_count; i++)
		if (config->rules[i].added)
			json_array_append_new(names, json_string(config->rules[i].name));
	return names;
}

/* What the configuration in force would be with `text`, whose rules are told by their names. NULL: not taken. */
static json_t *try(struct change *change, const char *text, char error[500])
{
	struct diag diag;
	struct config *config = NULL;
	json_t *names = NULL;
	diag_init(&diag);
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(change->daemon->shared.snapshot);
	int result = config_parse_adding(snapshot->config, text, &diag, &config);
	rcu_read_unlock();
	rcu_unregister_thread();
	if (result == PF_OK)
		names = added_names(config);
	else
		first_error(&diag, error);
	config_free(&config);
	diag_deinit(&diag);
	return names;
}

/* Writes, loads, and takes it back when it does not hold. */
static json_t *put_in_force(struct change *change, int *http, char error[500])
{
	struct daemon *daemon = change->daemon;
	if (replace_file(change->path, change->after.data, change->after.length - 1) != PF_OK) {
		(void)refuse(http, 503, error, "%s can not be written: %s", change->path, strerror(errno));
		return NULL;
	}
	json_t *loaded = api_reload(daemon, http, error);
	if (*http < 400 && loaded) {
		json_object_set(loaded, "added", change->names);
		return loaded;
	}
	if (!change->existed)
		(void)remove(change->path);
	else if (replace_file(change->path, change->before.data, change->before.length - 1) != PF_OK)
		log_error("%s can not be restored: %s", change->path, strerror(errno));
	return loaded;
}

static char *path_in_force(struct daemon *daemon)
{
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	char *path = strdup(snapshot->config->added_path);
	rcu_read_unlock();
	rcu_unregister_thread();
	return path;
}

/* Reads what is there, and makes sure that we may write it anew. */
static int begin(struct change *change, struct daemon *daemon, int *http, char error[500])
{
	*change = (struct change){.daemon = daemon};
	buffer_init(&change->before, ADDED_BYTES_MAX);
	buffer_init(&change->after, ADDED_BYTES_MAX);
	pthread_mutex_lock(&daemon->rules_lock);
	change->path = path_in_force(daemon);
	if (!change->path)
		return refuse(http, 503, error, "The daemon has no memory for that.");
	if (read_before(change, http, error) != PF_OK)
		return PF_EINVAL;
	change->had = try(change, change->existed ? change->before.data : "rules: []", error);
	if (change->had && json_array_size(change->had) == count_items(change->before.data))
		return PF_OK;
	return refuse(http, 409, error,
	              "%s was written by hand, or does not fit the configuration: mend it there.",
	              change->path);
}

static void end(struct change *change)
{
	pthread_mutex_unlock(&change->daemon->rules_lock);
	buffer_deinit(&change->before);
	buffer_deinit(&change->after);
	json_decref(change->had);
	json_decref(change->names);
	free(change->path);
}

/* What is to be written must be whole, and hold `count` rules. */
static json_t *finish(struct change *change, size_t count, int *http, char error[500])
{
	buffer_append(&change->after, "", 1);
	if (change->after.failed) {
		(void)refuse(http, 413, error, "The added rules would be more than %u bytes.",
		             ADDED_BYTES_MAX);
		return NULL;
	}
	change->names = try(change, change->after.data, error);
	if (!change->names)
		*http = 422;
	else if (json_array_size(change->names) != count)
		(void)refuse(http, 422, error, "The text is not one rule.");
	else
		return put_in_force(change, http, error);
	return NULL;
}

/* The number of the added rule with this name, or SIZE_MAX. */
static size_t find(json_t *names, const char *name)
{
	size_t i;
	json_t *one;
	json_array_foreach(names, i, one) if (!strcmp(json_string_value(one), name)) return i;
	return SIZE_MAX;
}

/* Writes `after` as the wish wants it. PF_EINVAL with a sentence: there is no such rule. */
static int follow(struct change *change, const struct admin_rule_change *wish, size_t *count,
                  int *http, char error[500])
{
	size_t old = wish->instead ? find(change->had, wish->instead) : SIZE_MAX, place = SIZE_MAX;
	if (wish->instead && old == SIZE_MAX)
		return refuse(http, 404, error,
		              "No rule \"%s\" was added; a rule of the configuration is changed there.",
		              wish->instead);
	if (wish->place > 0)
		place = (size_t)wish->place - 1;
	else if (wish->rule)
		place = old == SIZE_MAX ? 0 : old;
	*count = arrange(change, old, wish->rule, place);
	return PF_OK;
}

char *added_with(struct daemon *daemon, const struct admin_rule_change *wish, int *http,
                 char error[500])
{
	struct change change;
	char *text = NULL;
	size_t count;
	if (begin(&change, daemon, http, error) == PF_OK &&
	    follow(&change, wish, &count, http, error) == PF_OK) {
		buffer_append(&change.after, "", 1);
		text = change.after.failed ? NULL : strdup(change.after.data);
		if (!text)
			(void)refuse(http, 503, error, "The daemon has no memory for that.");
	}
	end(&change);
	return text;
}

json_t *api_change_rules(void *data, const struct admin_rule_change *wish, int *http,
                         char error[500])
{
	struct change change;
	json_t *result = NULL;
	size_t count;
	if (begin(&change, data, http, error) == PF_OK &&
	    follow(&change, wish, &count, http, error) == PF_OK)
		result = finish(&change, count, http, error);
	end(&change);
	return result;
}

/* An item's text as it was given. */
static json_t *item_text(const char *item)
{
	struct buffer whole, text;
	buffer_init(&whole, ADDED_BYTES_MAX);
	buffer_init(&text, ADDED_BYTES_MAX);
	copy_item(&whole, item);
	buffer_append(&whole, "", 1);
	for (const char *line = whole.failed ? "" : whole.data; *line;) {
		size_t length = strcspn(line, "\n");
		size_t indent = length < 2 ? length : 2;
		buffer_append(&text, line + indent, length - indent);
		buffer_append(&text, "\n", 1);
		line += length + (line[length] == '\n');
	}
	json_t *json = text.failed || !text.data ? NULL : json_stringn(text.data, text.length);
	buffer_deinit(&whole);
	buffer_deinit(&text);
	return json ? json : json_null();
}

json_t *added_texts(struct daemon *daemon)
{
	struct change change;
	char error[500];
	int http;
	size_t i = 0;
	json_t *texts = json_object();
	if (begin(&change, daemon, &http, error) == PF_OK)
		for (const char *item = next_item(change.before.data); item; item = next_item(item + 1))
			json_object_set_new(texts, json_string_value(json_array_get(change.had, i++)),
			                    item_text(item));
	end(&change);
	return texts;
}
