/* The file as a whole: its bytes, its first level, and the defaults of what it leaves away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#define JOURNAL_KEEP_DEFAULT_US (30LL * 86400 * 1000000)
#define NEW_FOR_DEFAULT_US (3600LL * 1000000)
#define USER_NAME_MAX 64
#define READ_BYTES 65536

static const struct config_system this_machine = {"/etc/resolv.conf", "/usr/share/GeoIP"};

static void read_user(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	config->user = reader_name(reader, node, "user", USER_NAME_MAX);
	config->user_pos = node->pos;
}

static void read_sandbox(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {[CONFIG_SANDBOX_ON] = "on",
	                                    [CONFIG_SANDBOX_OFF] = "off",
	                                    [CONFIG_SANDBOX_STRICT] = "strict"};
	int word = reader_word(reader, node, "sandbox", words, PF_COUNT(words));
	if (word >= 0)
		((struct config *)target)->sandbox = (enum config_sandbox)word;
}

static void read_query_case(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"lower", "random"};
	int word = reader_word(reader, node, "query-case", words, PF_COUNT(words));
	if (word >= 0)
		((struct config *)target)->random_case = word == 1;
}

static void read_spread(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"off", "by-domain"};
	int word = reader_word(reader, node, "spread", words, PF_COUNT(words));
	if (word >= 0)
		((struct config *)target)->spread = word == 1;
}

static void read_workers(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	(void)reader_number(reader, node, "workers", 1, CONFIG_WORKERS_MAX, &config->workers);
}

static void read_state(struct reader *reader, const struct node *node, void *target)
{
	((struct config *)target)->state = reader_path(reader, node, "state");
}

void default_state(struct reader *reader)
{
	if (!reader->config->state)
		reader->config->state = reader_copy(reader, "/var/lib/portafilter");
}

enum {
	FIELD_USER,
	FIELD_SANDBOX,
	FIELD_STATE,
	FIELD_LISTEN,
	FIELD_ALLOW_FROM,
	FIELD_WORKERS,
	FIELD_BOOTSTRAP, /* upstreams may need it */
	FIELD_UPSTREAMS,
	FIELD_SPREAD,
	FIELD_DNSSEC,
	FIELD_RECURSION,
	FIELD_QUERY_CASE,
	FIELD_CACHE,
	FIELD_GEO,
	FIELD_TAGS,
	FIELD_DEVICES,
	FIELD_TAG_RULES,
	FIELD_HOME, /* speaks of tags */
	FIELD_FORWARDERS,
	FIELD_RATE_LIMIT, /* trusted forwarders have none */
	FIELD_LEASES,
	FIELD_NEW_FOR,
	FIELD_SILENT_AFTER,
	FIELD_VENDORS,
	FIELD_LISTS,
	FIELD_HOSTS,
	FIELD_HOSTS_FILE,
	FIELD_FORWARD,
	FIELD_ESCAPE_HATCHES,
	FIELD_REBINDING,
	FIELD_RULES,
	FIELD_NOTIFY,
	FIELD_JOURNAL,
	FIELD_RECOGNISE
};
static const struct field fields[] = {
	[FIELD_USER] = {"user", read_user, false},
	[FIELD_SANDBOX] = {"sandbox", read_sandbox, false},
	[FIELD_STATE] = {"state", read_state, false},
	[FIELD_LISTEN] = {"listen", section_listen, false},
	[FIELD_ALLOW_FROM] = {"allow-from", section_allow_from, false},
	[FIELD_WORKERS] = {"workers", read_workers, false},
	[FIELD_BOOTSTRAP] = {"bootstrap", section_bootstrap, false},
	[FIELD_UPSTREAMS] = {"upstreams", section_upstreams, false},
	[FIELD_SPREAD] = {"spread", read_spread, false},
	[FIELD_DNSSEC] = {"dnssec", section_dnssec, false},
	[FIELD_RECURSION] = {"recursion", section_recursion, false},
	[FIELD_QUERY_CASE] = {"query-case", read_query_case, false},
	[FIELD_CACHE] = {"cache", section_cache, false},
	[FIELD_GEO] = {"geo", section_geo, false},
	[FIELD_TAGS] = {"tags", section_tags, false},
	[FIELD_DEVICES] = {"devices", section_devices, false},
	[FIELD_HOME] = {"home", section_home, false},
	[FIELD_TAG_RULES] = {"tag-rules", section_tag_rules, false},
	[FIELD_FORWARDERS] = {"trusted-forwarders", section_trusted_forwarders, false},
	[FIELD_RATE_LIMIT] = {"rate-limit", section_rate_limit, false},
	[FIELD_LEASES] = {"leases", section_leases, false},
	[FIELD_NEW_FOR] = {"new-for", section_new_for, false},
	[FIELD_SILENT_AFTER] = {"silent-after", section_silent_after, false},
	[FIELD_VENDORS] = {"vendors", section_vendors, false},
	[FIELD_LISTS] = {"lists", section_lists, false},
	[FIELD_HOSTS] = {"hosts", section_hosts, false},
	[FIELD_HOSTS_FILE] = {"hosts-file", section_hosts_file, false},
	[FIELD_FORWARD] = {"forward", section_forward, false},
	[FIELD_ESCAPE_HATCHES] = {"escape-hatches", section_escape_hatches, false},
	[FIELD_REBINDING] = {"rebinding", section_rebinding, false},
	[FIELD_RULES] = {"rules", section_rules, false},
	[FIELD_NOTIFY] = {"notify", section_notify, false},
	[FIELD_JOURNAL] = {"journal", section_journal, false},
	[FIELD_RECOGNISE] = {"recognise", section_recognise, false},
};

/* The file `name` in the folder of `path`. On a tmpfs like /run nothing is ever written to a disk for it, and no disk can
 * hold up whoever writes there. */
static char *beside(struct reader *reader, const char *path, const char *name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
	char *file = malloc(folder + strlen(name) + 1);
	if (!file) {
		reader->no_memory = true;
		return NULL;
	}
	if (folder)
		memcpy(file, path, folder);
	strcpy(file + folder, name);
	return file;
}

static void fill_paths(struct reader *reader)
{
	struct config *config = reader->config;
	if (!config->control_socket)
		config->control_socket = reader_copy(reader, "/run/portafilter/control.sock");
	if (!config->journal_path)
		config->journal_path = reader_copy(reader, "/var/lib/portafilter/journal.db");
	if (!config->journal_rings)
		config->journal_rings = beside(reader, config->control_socket, "journal.rings");
	if (!config->vendors)
		config->vendors = reader_copy(reader, "/usr/share/ieee-data");
}

static void read_root(struct reader *reader, const struct node *root)
{
	struct config *config = reader->config;
	config->journal_enabled = true;
	config->journal_keep_us = JOURNAL_KEEP_DEFAULT_US;
	config->new_for_us = NEW_FOR_DEFAULT_US;
	tag_table_init(&config->tags);
	default_listen(reader);
	default_cache(reader);
	default_rate_limit(reader);
	default_recursion(reader);
	uint64_t seen =
		reader_mapping(reader, root, "the configuration", fields, PF_COUNT(fields), config);
	if (root->kind != NODE_MAPPING)
		return;
	if (!(seen & UINT64_C(1) << FIELD_ALLOW_FROM))
		default_allow_from(reader);
	if (!(seen & UINT64_C(1) << FIELD_UPSTREAMS))
		default_upstreams(reader);
	if (!(seen & UINT64_C(1) << FIELD_GEO))
		default_geo(reader);
	if (!(seen & UINT64_C(1) << FIELD_RECOGNISE))
		default_recognise(reader);
	if (!(seen & UINT64_C(1) << FIELD_RULES))
		section_rules(reader, NULL, config);
	finish_rate_limit(reader);
	finish_recursion(reader, root->pos);
	fill_paths(reader);
	default_state(reader);
	default_certificate(reader);
	rules_check_possible(reader);
}

/* Sections are read in our order; people read from the top. */
static int by_place(const void *a, const void *b)
{
	const struct diag_entry *x = a, *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* Absolute, so that the daemon may change its folder later. */
static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t length = slash == file ? 1 : slash ? (size_t)(slash - file) : 0;
	if (file[0] == '/')
		return strndup(file, length);
	char *here = getcwd(NULL, 0);
	size_t size = here ? strlen(here) + length + 2 : 0;
	char *folder = here ? malloc(size) : NULL;
	if (folder)
		snprintf(folder, size, "%s%s%.*s", here, length ? "/" : "", (int)length, file);
	free(here);
	return folder;
}

/* Takes a key with its value out of a mapping; the tree still owns both. */
static void take_out(struct node *mapping, const char *key)
{
	struct node **at = &mapping->first;
	mapping->last = NULL;
	while (*at) {
		struct node *value = (*at)->next;
		if ((*at)->kind == NODE_SCALAR && !strcmp((*at)->text, key)) {
			*at = value->next;
			mapping->count--;
			continue;
		}
		mapping->last = value;
		at = &value->next;
	}
}

/* Puts the pairs of `over` in the place of those that `root` has. */
static void lay_over(struct node *root, const struct node *over)
{
	for (const struct node *key = over->first; key; key = key->next->next)
		if (key->kind == NODE_SCALAR)
			take_out(root, key->text);
	if (root->last)
		root->last->next = over->first;
	else
		root->first = over->first;
	root->last = over->last;
	root->count += over->count;
}

/* Is it no configuration, but a piece of one? */
static bool is_piece(const struct node *root)
{
	if (root->kind != NODE_MAPPING || !root->count)
		return false;
	for (const struct node *key = root->first; key; key = key->next->next)
		if (key->kind != NODE_SCALAR ||
		    (strcmp(key->text, "rules") != 0 && strcmp(key->text, "lists") != 0))
			return false;
	return true;
}

static bool is_rules(const struct node *root)
{
	return is_piece(root) && root->count == 1 && !strcmp(root->first->text, "rules");
}

/* `base` may be NULL. */
static int parse_tree(struct reader *reader, const char *text, size_t length,
                      const struct config *base, bool only_rules)
{
	struct tree tree, under = {0};
	int error = tree_parse(&tree, reader->file, text, length, reader->diag);
	const struct node *root = tree.root;
	if (error == PF_OK && only_rules && !(root && is_rules(root))) {
		tell_error(reader, (struct config_pos){1, 1},
		           "only `rules` may stand here, as in the configuration");
		error = PF_EINVAL;
	}
	if (error == PF_OK && root && base && is_piece(root)) {
		const char *below = base->text;
		size_t below_length = base->text_length;
		error = text_check(base->file, &below, &below_length, reader->diag);
		if (error == PF_OK)
			error = tree_parse(&under, base->file, below, below_length, reader->diag);
		if (error == PF_OK && under.root && under.root->kind == NODE_MAPPING) {
			lay_over(under.root, root);
			reader->added = node_find(root, "rules") ? "rules: []" : NULL;
			root = under.root;
			free(reader->folder);
			reader->folder = folder_of(base->file);
			reader->no_memory = reader->no_memory || !reader->folder;
		}
	}
	if (error == PF_OK && reader->no_memory)
		error = PF_ENOMEM;
	else if (error == PF_OK && root)
		read_root(reader, root);
	else if (error == PF_OK)
		tell_error(reader, (struct config_pos){1, 1},
		           "the file holds no configuration; `{}` is the shortest, for the defaults");
	tree_deinit(&tree);
	tree_deinit(&under);
	return error == PF_OK && reader->no_memory ? PF_ENOMEM : error;
}

struct source {
	const struct config_system *system;
	const struct config *base; /* NULL, or what a piece is laid over */
	const char *added;         /* see reader.h */
	bool only_rules;           /* nothing else may stand there */
};

static int parse(const struct source *source, const char *file, const char *text, size_t length,
                 struct diag *diag, struct config **out)
{
	size_t errors_before = diag->errors, first = diag->count;
	struct reader reader = {.file = file,
	                        .diag = diag,
	                        .system = source->system,
	                        .added = source->added};
	int error = PF_ENOMEM;
	*out = NULL;
	reader.config = calloc(1, sizeof *reader.config);
	reader.folder = folder_of(file);
	if (!reader.config || !reader.folder)
		goto out;
	reader.config->file = strdup(file);
	reader.config->text = strndup(text, length);
	reader.config->text_length = length;
	if (!reader.config->file || !reader.config->text)
		goto out;
	error = text_check(file, &text, &length, diag);
	if (error == PF_OK)
		error = parse_tree(&reader, text, length, source->base, source->only_rules);
	if (diag->count > first)
		qsort(diag->entries + first, diag->count - first, sizeof *diag->entries, by_place);
	if (error == PF_OK && diag->errors > errors_before)
		error = PF_EINVAL;
	if (error == PF_OK) {
		*out = reader.config;
		reader.config = NULL;
	}
out:
	config_free(&reader.config);
	free(reader.folder);
	return error;
}

int config_parse_on(const struct config_system *system, const char *file, const char *text,
                    size_t length, struct diag *diag, struct config **out)
{
	const struct source source = {.system = system};
	return parse(&source, file, text, length, diag, out);
}

int config_parse(const char *file, const char *text, size_t length, struct diag *diag,
                 struct config **out)
{
	return config_parse_on(&this_machine, file, text, length, diag, out);
}

int config_parse_adding(const struct config *base, const char *added, struct diag *diag,
                        struct config **out)
{
	const struct source source = {.system = &this_machine, .added = added};
	return parse(&source, base->file, base->text, base->text_length, diag, out);
}

/* One byte more than is allowed is read, so that too much can be told from enough. */
static int read_all(const char *path, int fd, struct buffer *text, struct diag *diag)
{
	char piece[READ_BYTES];
	ssize_t got;
	while (text->length <= CONFIG_FILE_BYTES_MAX && (got = read(fd, piece, sizeof piece)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			diag_error(diag, path, 0, 0, "the file can not be read: %s", strerror(errno));
			return PF_EINVAL;
		}
		buffer_append(text, piece, (size_t)got);
		if (text->failed)
			return PF_ENOMEM;
	}
	return PF_OK;
}

static int load(const char *path, const struct config *base, struct diag *diag, struct config **out)
{
	struct buffer text;
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		diag_error(diag, path, 0, 0, "the file can not be opened: %s", strerror(errno));
		return PF_EINVAL;
	}
	buffer_init(&text, CONFIG_FILE_BYTES_MAX + 2 * READ_BYTES);
	int error = read_all(path, fd, &text, diag);
	close(fd);
	const struct source source = {.system = &this_machine, .base = base};
	if (error == PF_OK)
		error = parse(&source, path, text.data ? text.data : "", text.length, diag, out);
	buffer_deinit(&text);
	return error;
}

int config_load(const char *path, struct diag *diag, struct config **out)
{
	return load(path, NULL, diag, out);
}

int config_load_over(const char *path, const struct config *base, struct diag *diag,
                     struct config **out)
{
	return load(path, base, diag, out);
}

int config_parse_rules(const char *file, const char *text, size_t length, const struct config *base,
                       struct diag *diag, struct config **out)
{
	const struct source source = {.system = &this_machine, .base = base, .only_rules = true};
	return parse(&source, file, text, length, diag, out);
}
