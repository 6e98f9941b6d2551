/* lists: where names come from, and what rules call them. */
#include <stdlib.h>

#include "config/mention.h"
#include "config/sections.h"
#include "config/subscription.h"
#include "config/unique.h"

static void read_name(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	list->name = reader_name(reader, node, "name", LIST_NAME_MAX);
}

static void read_file(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	struct file_identity ignored;
	list->file = reader_path(reader, node, "file");
	if (list->file)
		(void)reader_file_opens(reader, node->pos, "file", list->file, &ignored);
}

static void read_format(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"auto",    "plain", "hosts", "adblock", "dnsmasq",
	                                    "unbound", "rpz",   "regex", "cidr"};
	struct config_list *list = target;
	int word = reader_word(reader, node, "format", words, PF_COUNT(words));
	if (word >= 0)
		list->format = (enum list_format)word; /* in the order of the enum */
}

void marks_read_kinds(struct reader *reader, const struct node *node, struct marks_wanted *marks)
{
	static const struct list_shape shape = {"kinds", "a kind or a list of kinds", MARK_KIND_COUNT,
	                                        false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		int word = reader_word(reader, item, "kinds", mark_kind_words, MARK_KIND_COUNT);
		if (word >= 0)
			marks->kinds |= 1u << word;
	}
}

void marks_read_evidence(struct reader *reader, const struct node *node, struct marks_wanted *marks)
{
	static const char *const words[] = {"A", "B", "C"};
	int word = reader_word(reader, node, "evidence", words, PF_COUNT(words));
	if (word >= 0)
		marks->evidence = words[word][0];
}

static void read_kinds(struct reader *reader, const struct node *node, void *target)
{
	marks_read_kinds(reader, node, &((struct config_list *)target)->marks);
}

static void read_evidence(struct reader *reader, const struct node *node, void *target)
{
	marks_read_evidence(reader, node, &((struct config_list *)target)->marks);
}

enum {
	FIELD_NAME,
	FIELD_FILE,
	FIELD_URL,
	FIELD_RPZ,
	FIELD_FORMAT,
	FIELD_KINDS,
	FIELD_EVIDENCE,
	FIELD_REFRESH,
	FIELD_TIMEOUT,
	FIELD_MAX_SIZE,
	FIELD_ALLOW_PRIVATE,
	FIELD_CA_FILE
};
static const struct field fields[] = {
	[FIELD_NAME] = {"name", read_name, true},
	[FIELD_FILE] = {"file", read_file, false},
	[FIELD_URL] = {"url", subscription_url, false},
	[FIELD_RPZ] = {"rpz", subscription_rpz, false},
	[FIELD_FORMAT] = {"format", read_format, false},
	[FIELD_KINDS] = {"kinds", read_kinds, false},
	[FIELD_EVIDENCE] = {"evidence", read_evidence, false},
	[FIELD_REFRESH] = {"refresh", subscription_refresh, false},
	[FIELD_TIMEOUT] = {"timeout", subscription_timeout, false},
	[FIELD_MAX_SIZE] = {"max-size", subscription_max_size, false},
	[FIELD_ALLOW_PRIVATE] = {"allow-private", subscription_allow_private, false},
	[FIELD_CA_FILE] = {"ca-file", subscription_ca_file, false},
};

#define BIT(field) (1u << (field))
#define SOURCES (BIT(FIELD_FILE) | BIT(FIELD_URL) | BIT(FIELD_RPZ))

/* The keys of `seen` that mean nothing to a list from there. */
static void refuse_keys(struct reader *reader, const struct node *item, unsigned seen,
                        const char *source)
{
	for (size_t i = 0; i < PF_COUNT(fields); i++)
		if (seen & BIT(i))
			tell_error(reader, item->pos, "`%s` means nothing to a list with `%s`; take it away",
			           fields[i].key, source);
}

static void check_source(struct reader *reader, const struct node *item, unsigned seen)
{
	unsigned sources = seen & SOURCES;
	if (!sources)
		tell_error(reader, item->pos,
		           "a list needs one of the keys `file`, `url` and `rpz`, and has none");
	else if (sources & (sources - 1))
		tell_error(reader, item->pos,
		           "a list comes from one place: give only one of `file`, `url` and `rpz`");
	else if (sources == BIT(FIELD_FILE))
		refuse_keys(reader, item,
		            seen & (BIT(FIELD_REFRESH) | BIT(FIELD_TIMEOUT) | BIT(FIELD_MAX_SIZE) |
		                    BIT(FIELD_ALLOW_PRIVATE) | BIT(FIELD_CA_FILE)),
		            "file");
	else if (sources == BIT(FIELD_RPZ))
		refuse_keys(reader, item,
		            seen & (BIT(FIELD_FORMAT) | BIT(FIELD_KINDS) | BIT(FIELD_EVIDENCE) |
		                    BIT(FIELD_REFRESH) | BIT(FIELD_ALLOW_PRIVATE) | BIT(FIELD_CA_FILE)),
		            "rpz");
}

void section_lists(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct unique names = {0};
	size_t count = reader_items(reader, node, "lists", LIST_MAX);
	default_state(reader);
	config->lists = reader_alloc(reader, count, sizeof *config->lists);
	if (!config->lists)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		struct config_list *list = &config->lists[config->list_count++];
		list->pos = item->pos;
		subscription_defaults(list);
		unsigned seen = reader_mapping(reader, item, "a list", fields, PF_COUNT(fields), list);
		unique_add_name(reader, &names, item);
		if (item->kind == NODE_MAPPING)
			check_source(reader, item, seen);
		if (list->format == LIST_FORMAT_RPZ && (list->marks.kinds || list->marks.evidence))
			tell_error(reader, item->pos,
			           "`kinds` and `evidence` mean nothing to a zone; take them away");
		if (!list->file && (list->url || list->rpz))
			subscription_place(reader, list);
	}
	unique_finish(reader, &names, "list name");
}
