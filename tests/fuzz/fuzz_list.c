/* Fuzzes the list parser: any bytes as a list, whole and in pieces, then looks its names up again. The first
 * byte chooses the format and the size of the pieces. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists/detect.h"
#include "lists/line.h"
#include "lists/parse.h"
#include "lists/quick.h"

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_list: %s\n", what);
	abort();
}

static void parse_pieces(struct list_tables *tables, struct list_info *info, const char *text,
                         size_t length, size_t piece)
{
	struct list_parser parser;
	list_parser_init(&parser, tables, 0, info);
	for (size_t at = 0; at < length; at += piece) {
		size_t some = length - at < piece ? length - at : piece;
		if (list_parser_feed(&parser, text + at, some) != PF_OK)
			abort();
	}
	if (list_parser_finish(&parser) != PF_OK)
		abort();
}

static void check_name(const struct list_tables *tables, const struct line_item *item)
{
	struct list_hit hits[LIST_HITS_MAX];
	struct dns_name name = item->name;
	demand(name.labels > 0 && name.length >= 2, "a name is the root");
	if (item->trigger != TRIGGER_NAME)
		return;
	if (!(item->covers & LIST_COVERS_SELF)) {
		if (name.length + 2 > NAME_WIRE_MAX)
			return; /* nothing can be below it */
		memmove(name.wire + 2, name.wire, name.length);
		memcpy(name.wire, "\1x", 2);
		name.length += 2;
		name.labels++;
	}
	size_t count = list_index_find(tables->index, 0, &name, hits);
	bool found = count == LIST_HITS_MAX;
	for (size_t i = 0; i < count && !found; i++)
		found =
			(hits[i].covers & item->covers) == item->covers && hits[i].labels == item->name.labels;
	demand(found, "a name that was taken is not found");
}

/* The quick reader says the same as the general one, or nothing. */
static void check_quick(const char *text, size_t length, enum list_format format)
{
	struct line line;
	struct line_item quick, item;
	if (!line_quick(text, length, format, &quick))
		return;
	line_init(&line, text, length, format);
	demand(line_next(&line, &item), "a quick line is none");
	demand(item.kind == ITEM_NAME && quick.kind == ITEM_NAME && item.covers == quick.covers &&
	           dns_name_equal(&item.name, &quick.name) && item.name.labels == quick.name.labels,
	       "the quick reader reads otherwise");
	demand(!line_next(&line, &item), "a quick line has more names");
}

static void on_network(void *data, const struct list_hit *hit, const struct prefix *prefix)
{
	(void)hit;
	(void)prefix;
	*(bool *)data = true;
}

/* Everything that a line lists must be found again. */
static int check_item(struct list_parser *parser, const struct line_item *item)
{
	const struct list_tables *tables = parser->data;
	bool found = false;
	if (parser->info->format != LIST_FORMAT_RPZ)
		check_quick(parser->text, parser->text_length, parser->info->format);
	demand(list_item_identity(item) != 0, "an entry has no identity");
	demand(parser->number >= 1 && parser->number <= parser->info->lines, "a line that is not");
	if (item->kind == ITEM_NAME)
		check_name(tables, item);
	if (item->kind == ITEM_NETWORK) {
		list_prefixes_match(tables->networks[item->trigger], &item->prefix.addr, on_network,
		                    &found);
		demand(found, "a network that was taken is not found");
	}
	return PF_OK;
}

/* Every question may be asked, whatever the lists say. */
static void ask(const struct list_tables *tables)
{
	for (uint32_t i = 1; i <= list_details_count(tables->details); i++) {
		struct dns_name asked, target;
		const struct list_detail *detail = list_details_get(tables->details, i);
		struct reply_records records = {.bytes = detail->reply.records,
		                                .length = detail->reply.record_bytes};
		if (dns_name_from_text("a.example", &asked) != PF_OK)
			abort();
		demand(detail->reply.record_bytes <= REPLY_RECORDS_MAX, "records over their maximum");
		(void)reply_records_target(&records, &asked, &target);
	}
}

static void never(void *data, uint16_t list, unsigned line, const char *message)
{
	(void)data;
	(void)list;
	(void)line;
	(void)message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	size_t length = size - 1, piece = 1 + data[0] / 4;
	struct list_info whole = {.format = (enum list_format)(data[0] % LIST_FORMAT_COUNT)};
	struct list_tables tables, other;
	struct tag_table tags;
	tag_table_init(&tags);
	if (list_tables_init(&tables, list_index_new((struct hash_key){data[0]}), &tags) != PF_OK ||
	    list_tables_init(&other, list_index_new((struct hash_key){7}), &tags) != PF_OK)
		abort();
	(void)detect_stranger(text, length);
	if (list_parse(&tables, 0, &whole, text, length) != PF_OK)
		abort();
	demand(whole.lines + whole.extra_names ==
	           whole.comments + whole.joined + list_info_taken(&whole) + list_info_skipped(&whole),
	       "the counts do not add up");
	struct list_info pieces = {.format = whole.format};
	parse_pieces(&other, &pieces, text, length, piece);
	demand(!memcmp(&whole, &pieces, sizeof whole), "pieces give other counts than the whole");
	/* Compiling takes long; the names are looked up all the same. */
	bool few = list_patterns_count(tables.patterns) < 3 && size < 512;
	int sealed = few ? list_tables_seal(&tables, NULL, never, NULL) : list_index_seal(tables.index);
	demand(sealed == PF_OK, "no memory");
	for (size_t i = 0; i < TRIGGER_COUNT; i++)
		if (tables.networks[i])
			list_prefixes_seal(tables.networks[i]);
	struct list_info again = {.format = whole.format};
	struct list_parser parser;
	list_parser_init_with(&parser, check_item, &tables, &again);
	if (list_parser_feed(&parser, text, length) != PF_OK || list_parser_finish(&parser) != PF_OK)
		abort();
	ask(&tables);
	list_tables_deinit(&tables);
	list_tables_deinit(&other);
	return 0;
}
