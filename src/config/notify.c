/* notify: who is told of events, and of which. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/sections.h"

#define URL_MAX 2048 /* bytes: what browsers and servers agree on */
#define ARGUMENTS_MAX 64

static bool begins(const char *text, const char *prefix)
{
	return !strncasecmp(text, prefix, strlen(prefix));
}

static void take_url(struct reader *reader, const struct node *node, const char *key,
                     enum config_notify_kind kind, struct config_notify *target)
{
	const char *text = reader_text(reader, node, key, "a URL");
	char part[SHOWN_MAX];
	if (!text)
		return;
	target->kind = kind;
	if (!begins(text, "https://") && !begins(text, "http://"))
		tell_error(reader, node->pos, "`%s` for `%s` is no URL; it begins with https:// or http://",
		           shown(text, part), key);
	else if (strlen(text) >= URL_MAX)
		tell_error(reader, node->pos, "the URL for `%s` is longer than %d bytes", key, URL_MAX - 1);
	else
		target->where = reader_copy(reader, text);
}

static void read_webhook(struct reader *reader, const struct node *node, void *target)
{
	take_url(reader, node, "webhook", CONFIG_NOTIFY_WEBHOOK, target);
}

static void read_ntfy(struct reader *reader, const struct node *node, void *target)
{
	take_url(reader, node, "ntfy", CONFIG_NOTIFY_NTFY, target);
}

static void read_command(struct reader *reader, const struct node *node, void *out)
{
	static const struct list_shape shape = {
		"command", "the path of a program, or a list of it and its arguments", ARGUMENTS_MAX,
		false};
	struct config_notify *target = out;
	size_t count = reader_list(reader, node, &shape);
	target->kind = CONFIG_NOTIFY_COMMAND;
	target->arguments = reader_alloc(reader, count + 1, sizeof *target->arguments);
	if (!count || !target->arguments)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		const char *text = reader_text(reader, item, "command", "a text");
		char *copy = text ? reader_copy(reader, text) : NULL;
		if (copy)
			target->arguments[target->argument_count++] = copy;
	}
	const char *program = target->arguments[0];
	char part[SHOWN_MAX];
	if (program && program[0] != '/')
		tell_error(reader, node->pos,
		           "`%s` for `command` must be the whole path of a program: there is no shell that "
		           "looks for it",
		           shown(program, part));
}

static void read_syslog(struct reader *reader, const struct node *node, void *out)
{
	struct config_notify *target = out;
	target->kind = CONFIG_NOTIFY_SYSLOG;
	target->where = reader_path(reader, node, "syslog");
}

static void read_secret(struct reader *reader, const struct node *node, void *out)
{
	struct config_notify *target = out;
	struct file_identity ignored;
	target->secret_file = reader_path(reader, node, "secret-file");
	if (target->secret_file)
		(void)reader_file_opens(reader, node->pos, "secret-file", target->secret_file, &ignored);
}

static void read_ca_file(struct reader *reader, const struct node *node, void *out)
{
	struct config_notify *target = out;
	struct file_identity ignored;
	target->ca_file = reader_path(reader, node, "ca-file");
	if (target->ca_file)
		(void)reader_file_opens(reader, node->pos, "ca-file", target->ca_file, &ignored);
}

static void read_on(struct reader *reader, const struct node *node, void *out)
{
	static const struct list_shape shape = {"on", "an event or a list of events", EVENT_KIND_COUNT,
	                                        false};
	struct config_notify *target = out;
	const char *words[EVENT_KIND_COUNT];
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		words[i] = event_word((enum event_kind)i);
	target->kinds = 0;
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		int word = reader_word(reader, item, "on", words, EVENT_KIND_COUNT);
		if (word >= 0)
			target->kinds |= 1u << word;
	}
}

enum {
	FIELD_WEBHOOK,
	FIELD_NTFY,
	FIELD_COMMAND,
	FIELD_SYSLOG,
	FIELD_SECRET_FILE,
	FIELD_CA_FILE,
	FIELD_ON
};
static const struct field fields[] = {
	[FIELD_WEBHOOK] = {"webhook", read_webhook, false},
	[FIELD_NTFY] = {"ntfy", read_ntfy, false},
	[FIELD_COMMAND] = {"command", read_command, false},
	[FIELD_SYSLOG] = {"syslog", read_syslog, false},
	[FIELD_SECRET_FILE] = {"secret-file", read_secret, false},
	[FIELD_CA_FILE] = {"ca-file", read_ca_file, false},
	[FIELD_ON] = {"on", read_on, false},
};
#define BIT(field) (1u << (field))
#define WAYS (BIT(FIELD_WEBHOOK) | BIT(FIELD_NTFY) | BIT(FIELD_COMMAND) | BIT(FIELD_SYSLOG))
#define WEB_WAYS (BIT(FIELD_WEBHOOK) | BIT(FIELD_NTFY))

static void check_keys(struct reader *reader, const struct node *item, unsigned seen)
{
	unsigned ways = seen & WAYS;
	if (!ways || ways & (ways - 1))
		tell_error(
			reader, item->pos,
			"one of the keys `webhook`, `ntfy`, `command` and `syslog` says how the owner is "
			"told; there is %s",
			ways ? "more than one" : "none");
	else if (!(seen & WEB_WAYS) && seen & (BIT(FIELD_SECRET_FILE) | BIT(FIELD_CA_FILE)))
		tell_error(reader, item->pos,
		           "`secret-file` and `ca-file` are for `webhook` and `ntfy`; take them away");
}

void section_notify(struct reader *reader, const struct node *node, void *out)
{
	struct config *config = out;
	size_t count = reader_items(reader, node, "notify", CONFIG_NOTIFY_MAX);
	config->notify = reader_alloc(reader, count, sizeof *config->notify);
	if (!config->notify)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_notify *target = &config->notify[config->notify_count++];
		target->pos = item->pos;
		target->kinds = BIT(EVENT_KIND_COUNT) - 1;
		unsigned seen =
			reader_mapping(reader, item, "an entry of `notify`", fields, PF_COUNT(fields), target);
		if (item->kind == NODE_MAPPING)
			check_keys(reader, item, seen);
	}
}

/* ---- copies ------------------------------------------------------------------------------ */

void config_notify_deinit(struct config_notify *target)
{
	for (size_t i = 0; i < target->argument_count; i++)
		free(target->arguments[i]);
	free(target->arguments);
	free(target->where);
	free(target->secret_file);
	free(target->ca_file);
	*target = (struct config_notify){0};
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

int config_notify_copy(struct config_notify *to, const struct config_notify *from)
{
	*to = (struct config_notify){.pos = from->pos, .kind = from->kind, .kinds = from->kinds};
	bool whole = copy_text(&to->where, from->where) &&
	             copy_text(&to->secret_file, from->secret_file) &&
	             copy_text(&to->ca_file, from->ca_file);
	if (whole && from->argument_count) {
		to->arguments = calloc(from->argument_count + 1, sizeof *to->arguments);
		whole = to->arguments != NULL;
	}
	for (size_t i = 0; whole && i < from->argument_count; i++) {
		whole = copy_text(&to->arguments[i], from->arguments[i]);
		to->argument_count += whole;
	}
	if (whole)
		return PF_OK;
	config_notify_deinit(to);
	return PF_ENOMEM;
}
